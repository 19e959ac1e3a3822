import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { packTar, type TarEntry } from 'modern-tar'
import { afterAll, describe, expect, test } from 'vitest'
import type { Manifest } from '../../oci/manifest.ts'
import { DomainError } from '../../platform/errors.ts'
import type { AdditionName } from '../processors/processor.ts'
import { processorOf } from '../processors/table.ts'
import { type Shelf, shelf } from '../processors/testing.ts'
import { readArchive } from './archive.ts'
import { createChartReader } from './chart-reader.ts'
import { fileTree } from './file-tree.ts'

const charts = createChartReader()
afterAll(charts.close)

const HELM = 'application/vnd.cncf.helm.config.v1+json'
const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'
const MODEL = 'application/vnd.cncf.model.manifest.v1+json'

const file = (name: string, body: string): TarEntry => ({
  header: { name, size: Buffer.byteLength(body), type: 'file' },
  body,
})

async function read(files: Shelf, manifest: Manifest, name: AdditionName): Promise<string | undefined> {
  const addition = await processorOf(manifest).processor.additions?.[name]?.(manifest, files, { charts })
  return addition?.body.toString()
}

async function chart(files: Shelf, ...entries: TarEntry[]): Promise<Manifest> {
  const layer = files.blob(CHART_LAYER, gzipSync(await packTar(entries)))
  return files.image(files.blob(HELM, '{}'), [layer])
}

function model(
  files: Shelf,
  ...layers: [mediaType: string, path: string, body: string | Buffer][]
): Manifest {
  const descriptors = layers.map(([mediaType, path, body]) =>
    files.blob(mediaType, body, { 'org.cncf.model.filepath': path }),
  )
  return files.image(files.blob('application/vnd.cncf.model.config.v1+json', '{}'), descriptors, {
    artifactType: MODEL,
  })
}

test('a chart has values, README and dependencies of its own, not those of charts within it', async () => {
  const files = shelf()
  const manifest = await chart(
    files,
    file('app/charts/sub/values.yaml', 'sub: true'),
    file('app/Chart.yaml', 'dependencies:\n- {name: base, version: 1.0.0, repository: "", extra: 1}'),
    file('app/README.md', '# app'),
    file('app/values.yaml', 'replicas: 1'),
  )

  expect(await read(files, manifest, 'values.yaml')).toBe('replicas: 1')
  expect(await read(files, manifest, 'readme.md')).toBe('# app')
  expect(JSON.parse((await read(files, manifest, 'dependencies')) ?? '')).toEqual([
    { name: 'base', version: '1.0.0', repository: '' },
  ])
})

test('a chart of the first version has its dependencies in a file of their own, or none', async () => {
  const files = shelf()
  const old = await chart(
    files,
    file('app/Chart.yaml', 'name: app'),
    file('app/requirements.yaml', 'dependencies: [{name: base}]'),
  )
  const bare = await chart(files, file('app/Chart.yaml', 'name: app'))

  expect(await read(files, old, 'dependencies')).toBe('[{"name":"base"}]')
  expect(await read(files, bare, 'dependencies')).toBe('[]')
  expect(await read(files, bare, 'readme.md')).toBe('')
})

test('a chart without its layer has nothing to read', async () => {
  const files = shelf()
  const missing = { mediaType: CHART_LAYER, digest: `sha256:${'0'.repeat(64)}`, size: 1 }
  const manifest = files.image(files.blob(HELM, '{}'), [missing])

  expect(await read(files, manifest, 'values.yaml')).toBeUndefined()
})

test.each([
  ['no gzip', Buffer.from('plain')],
  ['gzip of no tar', gzipSync(Buffer.alloc(1024, 'x'))],
  ['cut off', gzipSync(Buffer.alloc(100_000, 'x')).subarray(0, 50)],
])('a chart whose layer is %s is refused in one sentence', async (_, body) => {
  const files = shelf()
  const manifest = files.image(files.blob(HELM, '{}'), [files.blob(CHART_LAYER, body)])

  await expect(read(files, manifest, 'values.yaml')).rejects.toMatchObject({ kind: 'bad-request' })
})

test('a bomb ends at the bound', async () => {
  const files = shelf()
  const zeros = { name: 'app/zeros', size: 80 * 1024 * 1024, type: 'file' as const }
  const manifest = await chart(files, { header: zeros, body: Buffer.alloc(zeros.size) })

  await expect(read(files, manifest, 'values.yaml')).rejects.toMatchObject({ kind: 'too-large' })
})

test('a huge file is refused by the size that it says it has', async () => {
  const files = shelf()
  const values = { name: 'app/values.yaml', size: 5 * 1024 * 1024, type: 'file' as const }
  const manifest = await chart(files, { header: values, body: Buffer.alloc(values.size) })

  await expect(read(files, manifest, 'values.yaml')).rejects.toMatchObject({ kind: 'too-large' })
})

test('a link is no file, whatever it is called', async () => {
  const files = shelf()
  const link = { name: 'app/values.yaml', size: 0, type: 'symlink' as const, linkname: '/etc/passwd' }
  const manifest = await chart(files, { header: link }, file('app/x', ''))

  expect(await read(files, manifest, 'values.yaml')).toBe('')
})

test('an archive is closed when its reader has enough', async () => {
  const source = Readable.from([await packTar([file('a', '1'), file('b', 'x'.repeat(500_000))])])

  const found = await readArchive(source, { gzip: false, wants: () => true, count: 1 })

  expect([...found.keys()]).toEqual(['a'])
  expect(source.destroyed).toBe(true)
})

test('a failing source is an error, not a process that ends', async () => {
  const source = new Readable({
    read() {
      this.destroy(new Error('EIO'))
    },
  })

  await expect(readArchive(source, { gzip: true, wants: () => true, count: 1 })).rejects.toThrow()
})

test('nothing that is no archive gets further than a sentence', async () => {
  const archive = Buffer.from(await packTar([file('app/values.yaml', 'x'.repeat(3000)), file('app/b', 'y')]))
  const damaged = fc
    .tuple(fc.nat(archive.length - 1), fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(archive.length))
    .map(([at, bytes, end]) => {
      const copy = Buffer.from(archive)
      copy.set(bytes.subarray(0, copy.length - at), at)
      return copy.subarray(0, Math.max(end, 1))
    })

  await fc.assert(
    fc.asyncProperty(
      fc.oneof(damaged, fc.uint8Array({ maxLength: 2000 })),
      fc.boolean(),
      async (bytes, gzip) => {
        const body = gzip ? gzipSync(bytes) : bytes
        const wants = (path: string) => path.endsWith('values.yaml')
        const outcome = await readArchive(Readable.from([Buffer.from(body)]), {
          gzip,
          wants,
          count: 1,
        }).catch((error: unknown) => error)
        if (!(outcome instanceof Map)) expect(outcome).toBeInstanceOf(DomainError)
      },
    ),
    { numRuns: 300 },
  )
})

test('the history of an image is what its config says', async () => {
  const files = shelf()
  const config = (body: string) => files.blob('application/vnd.oci.image.config.v1+json', body)

  expect(
    await read(files, files.image(config('{"history":[{"created_by":"RUN x"},7]}')), 'build_history'),
  ).toBe('[{"created_by":"RUN x"}]')
  expect(await read(files, files.image(config('{}')), 'build_history')).toBe('[]')
})

test('a model has a README, a licence, and files told from its layers', async () => {
  const files = shelf()
  const tar = Buffer.from(await packTar([file('LICENSE', 'Apache')]))
  const manifest = model(
    files,
    ['application/vnd.cncf.model.doc.v1.raw', 'README.md', '# model'],
    ['application/vnd.cncf.model.doc.v1.tar', 'LICENSE', tar],
    ['application/vnd.cncf.model.weight.v1.raw', 'weights/a.bin', 'abc'],
  )

  expect(await read(files, manifest, 'readme.md')).toBe('# model')
  expect(await read(files, manifest, 'license')).toBe('Apache')
  expect(JSON.parse((await read(files, manifest, 'files')) ?? '')).toEqual([
    { name: 'weights', type: 'directory', children: [{ name: 'a.bin', type: 'file', size: 3 }] },
    { name: 'LICENSE', type: 'file', size: tar.length },
    { name: 'README.md', type: 'file', size: 7 },
  ])
})

test('a document of a model that is too large or not there is not answered', async () => {
  const files = shelf()
  const large = model(files, [
    'application/vnd.cncf.model.doc.v1.raw',
    'README.md',
    'x'.repeat(4 * 1024 * 1024 + 1),
  ])

  await expect(read(files, large, 'readme.md')).rejects.toMatchObject({ kind: 'too-large' })
  expect(await read(files, large, 'license')).toBeUndefined()
})

test('a tree of files leads nowhere else', () => {
  const paths = ['../../etc/passwd', '/a/./b', '', 'a/c', `${'d/'.repeat(100)}e`, '__proto__/x']

  expect(fileTree(paths.map((path) => ({ path, size: 1 })))).toEqual([
    { name: '__proto__', type: 'directory', children: [{ name: 'x', type: 'file', size: 1 }] },
    {
      name: 'a',
      type: 'directory',
      children: [
        { name: 'b', type: 'file', size: 1 },
        { name: 'c', type: 'file', size: 1 },
      ],
    },
  ])
})

test.each([
  ['many keys', `dependencies:\n${Array.from({ length: 20_000 }, (_, at) => `  k${at}: 1\n`).join('')}`],
  [
    'one text a hundred times',
    `x: &a "${'a'.repeat(1_000_000)}"\ndependencies:\n${'- name: *a\n'.repeat(99)}`,
  ],
])('dependencies of %s are refused before they are read', async (_, yaml) => {
  const files = shelf()
  const manifest = await chart(files, file('app/Chart.yaml', yaml))

  await expect(read(files, manifest, 'dependencies')).rejects.toMatchObject({ kind: 'too-large' })
})

test('compressed members that hold nothing end at the bound too', async () => {
  const piece = Buffer.concat(Array(50_000).fill(gzipSync('')))
  const source = Readable.from(Array(40).fill(piece))

  await expect(readArchive(source, { gzip: true, wants: () => true, count: 1 })).rejects.toMatchObject({
    kind: 'too-large',
  })
})

test('a history that is too deep to be written is left out', async () => {
  const files = shelf()
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const body = `{"history":[{"created_by":"RUN x","a":${deep}}]}`
  const manifest = files.image(files.blob('application/vnd.oci.image.config.v1+json', body))

  expect(await read(files, manifest, 'build_history')).toBe('[{"created_by":"RUN x"}]')
})

test('a tree of more folders than memory should hold is refused', () => {
  const paths = Array.from({ length: 1000 }, (_, at) => `${`${at}/`.repeat(60)}file`)

  expect(() => fileTree(paths.map((path) => ({ path, size: 1 })))).toThrow('folders')
})

describe('a chart made to cost time', () => {
  /** 64 KiB that take the reader of YAML long. */
  const HOSTILE = {
    'deep lists': `dependencies:\n- name: ${'['.repeat(32_000)}${']'.repeat(32_000)}`,
    'open lists': `dependencies:\n- name: ${'['.repeat(65_000)}`,
    'many keys': `dependencies:\n${Array.from({ length: 6500 }, (_, at) => `- k${at}: 1`).join('\n')}`,
    'aliases of aliases': `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[at]}`)}]`)
      .join('\n')}\ndependencies: [{name: *h}]`,
    itself: 'dependencies: [&a {name: *a}]',
  }
  const chartOf = (yaml: string) => chartWith(shelf(), yaml)
  async function chartWith(files: Shelf, yaml: string) {
    return { files, manifest: await chart(files, file('app/Chart.yaml', yaml.slice(0, 65_536))) }
  }

  test.each(Object.entries(HOSTILE))('by %s does not hold up anybody else', async (_, yaml) => {
    const { files, manifest } = await chartOf(yaml)
    await read(files, (await chartOf('name: warm')).manifest, 'dependencies').catch(() => undefined)
    const [here, all] = [process.threadCpuUsage(), process.cpuUsage()]

    const outcome = await read(files, manifest, 'dependencies').catch((error: unknown) => error)

    const [ofThisThread, ofAll] = [process.threadCpuUsage(here), process.cpuUsage(all)].map(
      ({ user, system }) => (user + system) / 1000,
    )
    if (typeof outcome !== 'string') expect(outcome).toBeInstanceOf(DomainError)
    // What there is to do is done by another one.
    expect(ofThisThread).toBeLessThan(Math.max((ofAll ?? 0) / 4, 50))
  })

  test('ends when its time is over, and the next one is read', async () => {
    const hasty = createChartReader(1)
    const slow = Buffer.from(HOSTILE['deep lists'].slice(0, 65_536))

    await expect(hasty.dependencies([slow])).rejects.toMatchObject({ kind: 'too-large' })
    await hasty.close()
    const chartFile = Buffer.from('dependencies: [{name: base}]')
    expect(await charts.dependencies([chartFile])).toBe('[{"name":"base"}]')
  })

  test('that cannot be written as JSON is refused, not a failure of ours', async () => {
    const { files, manifest } = await chartOf(HOSTILE.itself)

    await expect(read(files, manifest, 'dependencies')).rejects.toMatchObject({ kind: 'bad-request' })
  })
})
