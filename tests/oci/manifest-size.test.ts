import { expect, test } from 'vitest'
import { type Content, config, descriptorOf, digestOf, IMAGE } from '../harness/content.ts'
import { codesOf } from '../harness/registry.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const limit = 4 * 1024 * 1024

/** An image manifest of exactly so many bytes. */
async function manifestOf(repository: Repository, size: number): Promise<Content> {
  const configuration = await repository.pushBlob(config())
  const fields = {
    schemaVersion: 2,
    mediaType: IMAGE,
    config: descriptorOf(configuration),
    layers: [],
    annotations: { padding: '' },
  }
  fields.annotations.padding = 'x'.repeat(size - JSON.stringify(fields).length)
  const bytes = Buffer.from(JSON.stringify(fields))
  return { mediaType: IMAGE, bytes, digest: digestOf(bytes) }
}

test('a manifest of exactly 4 MiB is accepted and comes back whole', async () => {
  const repository = site.newRepository()
  const manifest = await manifestOf(repository, limit)

  const answer = await repository.putManifest(manifest, 'large')
  const pulled = await site.registry.get(repository.at('manifests/large'))

  expect(manifest.bytes).toHaveLength(limit)
  expect(answer.status).toBe(201)
  expect(pulled.body.equals(manifest.bytes)).toBe(true)
})

test('one byte more is refused with 413', async () => {
  const repository = site.newRepository()
  const manifest = await manifestOf(repository, limit + 1)

  const answer = await repository.putManifest(manifest, 'larger')

  expect(answer.status).toBe(413)
  expect(codesOf(answer)).toHaveLength(1)
  expect((await site.registry.head(repository.at('manifests/larger'))).status).toBe(404)
})

test('one byte more is refused with 413 when its length is not told in advance', async () => {
  const repository = site.newRepository()
  const manifest = await manifestOf(repository, limit + 1)

  const answer = await site.registry.send({
    method: 'PUT',
    path: repository.at('manifests/larger'),
    headers: { 'Content-Type': IMAGE },
    body: inPieces(manifest.bytes),
  })

  expect(answer.status).toBe(413)
})

test('after a refusal the next manifest is accepted', async () => {
  const repository = site.newRepository()
  await repository.putManifest(await manifestOf(repository, limit * 2), 'larger')

  const { manifest } = await repository.pushImage('small')
  const pulled = await site.registry.get(repository.at('manifests/small'))

  expect(pulled.headers['docker-content-digest']).toBe(manifest.digest)
})

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 100_000) {
    yield bytes.subarray(start, start + 100_000)
  }
}
