import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bucket, startBucket } from '../harness/bucket.ts'
import { blob } from '../harness/content.ts'
import { useHome } from '../harness/home.ts'
import { layersInLayout } from '../harness/layers.ts'
import { writeLayout } from '../harness/layout.ts'
import { createProject, openAsAdministrator, type Project, uniqueName } from '../harness/project.ts'
import { openRegistry, type Registry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('versitygw', 'skopeo')

describeWith('a server that sends clients to its bucket', tools, (files) => {
  const home = useHome()
  let bucket: Bucket
  let server: RunningServer
  let registry: Registry
  let project: Project

  beforeAll(async () => {
    bucket = await startBucket(files.versitygw)
    server = await startServer({
      env: {
        ...bucket.env,
        PORTOLAN_STORAGE_S3_REDIRECT: 'true',
        PORTOLAN_STORAGE_S3_REDIRECT_ENDPOINT: bucket.publicEndpoint,
        PORTOLAN_STORAGE_S3_REDIRECT_SECONDS: '30',
        PORTOLAN_STORAGE_S3_NO_REDIRECT_NETWORKS: '127.0.0.9/32',
        PORTOLAN_TRUSTED_PROXIES: '127.0.0.0/8',
      },
    })
    registry = openAsAdministrator(server)
    project = await createProject(server)
  })
  afterAll(async () => {
    await server?.dispose()
    await bucket?.stop()
  })

  const newRepository = () => openRepository(registry, `${project.name}/${uniqueName('app')}`)

  test('GET and HEAD lead to signed URLs that give the bytes, also a range of them', async () => {
    const repository = newRepository()
    const { bytes, digest } = await repository.pushBlob(blob(100_000))

    const get = await registry.get(repository.at(`blobs/${digest}`))
    const head = await registry.send({ method: 'HEAD', path: repository.at(`blobs/${digest}`) })
    const whole = await ask(get.headers.location)
    const part = await ask(get.headers.location, { headers: { range: 'bytes=10-19' } })
    const size = await ask(head.headers.location, { method: 'HEAD' })

    expect([get.status, head.status]).toEqual([307, 307])
    expect(get.headers['docker-content-digest']).toBe(digest)
    expect(get.headers['cache-control']).toBe('no-store')
    expect(get.headers.location?.startsWith(bucket.publicEndpoint)).toBe(true)
    expect(whole.body.equals(bytes)).toBe(true)
    expect(part.body.equals(bytes.subarray(10, 20))).toBe(true)
    expect(size.headers.get('content-length')).toBe('100000')
  })

  test('a URL is good for its object and its method alone, and nobody gets one who may not pull', async () => {
    const repository = newRepository()
    const [one, two] = [await repository.pushBlob(), await repository.pushBlob()]
    const urls = await Promise.all(
      [one, two].map(
        async ({ digest }) => (await registry.get(repository.at(`blobs/${digest}`))).headers.location,
      ),
    )
    const [first, second] = urls.map((url) => new URL(url ?? ''))
    const crossed = new URL(`${second?.pathname}${first?.search}`, first)

    const another = await ask(crossed)
    const deletion = await ask(first, { method: 'DELETE' })
    const anonymous = await openRegistry(server.url).get(repository.at(`blobs/${one.digest}`))

    expect(another.status).toBe(403)
    expect(deletion.status).toBe(403)
    expect(anonymous.status).toBe(401)
    expect(anonymous.headers.location).toBeUndefined()
  })

  test('clients of the networks that are left out, and manifests, are answered from here', async () => {
    const repository = newRepository()
    const { manifest, layers } = await repository.pushImage('v1')

    const near = await registry.get(repository.at(`blobs/${layers[0]?.digest}`), {
      'X-Forwarded-For': '127.0.0.9',
    })
    const pulled = await registry.get(repository.at('manifests/v1'))

    expect(near.status).toBe(200)
    expect(near.body.equals(layers[0]?.bytes ?? Buffer.alloc(0))).toBe(true)
    expect(pulled.body.equals(manifest.bytes)).toBe(true)
  })

  test('skopeo follows them', async () => {
    const name = `docker://127.0.0.1:${server.port}/${project.name}/${uniqueName('skopeo')}:v1`
    const credentials = `admin:${server.adminPassword}`
    const { directory, layers } = await writeLayout(await home.at(uniqueName('layout')))
    const back = path.join(await home.at(uniqueName('back')), 'layout')

    const to = ['--dest-tls-verify=false', `--dest-creds=${credentials}`]
    await home.do(files.skopeo, 'copy', ...to, `oci:${directory}:latest`, name)
    const from = ['--src-tls-verify=false', `--src-creds=${credentials}`]
    await home.do(files.skopeo, 'copy', ...from, name, `oci:${back}:latest`)

    expect(await layersInLayout(back)).toEqual(layers)
  })
})

/** What a URL answers, read at once. */
async function ask(url: URL | string | undefined, init?: RequestInit) {
  const answer = await fetch(url ?? '', init)
  const body = Buffer.from(await answer.arrayBuffer())

  return { status: answer.status, headers: answer.headers, body }
}
