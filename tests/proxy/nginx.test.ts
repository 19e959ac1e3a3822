import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Certificate, makeCertificate } from '../harness/certificates.ts'
import { blob } from '../harness/content.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../harness/directory.ts'
import { type ReverseProxy, startNginx } from '../harness/nginx.ts'
import { freePort } from '../harness/port.ts'
import { administrator, createProject } from '../harness/project.ts'
import { fetchToken, locationOf, openRegistry, type Registry, withQuery } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('nginx', 'openssl')

/** Addresses of clients are told in the log where a login is refused. */
function refusedFrom(server: RunningServer, username: string): unknown {
  const line = server
    .log()
    .split('\n')
    .findLast((entry) => entry.includes('login refused') && entry.includes(username))
  return (JSON.parse(line ?? '{}') as { address?: unknown }).address
}

async function failToLogIn(url: string, username: string, headers: Record<string, string>, ca?: string) {
  const client = openRegistry(
    url,
    { username, password: 'wrong' },
    { localAddress: '127.0.0.2', ...(ca === undefined ? {} : { ca }) },
  )
  const answer = await client.get('/v2/', headers)
  expect(answer.status).toBe(401)
}

describeWith('behind nginx', tools, (programs) => {
  describe.each(['http', 'https'] as const)('with an external URL of %s', (scheme) => {
    let files: TemporaryDirectory
    let certificate: Certificate | undefined
    let server: RunningServer
    let proxy: ReverseProxy
    let registry: Registry

    beforeAll(async () => {
      files = await temporaryDirectory('certificates')
      certificate =
        scheme === 'https' ? await makeCertificate(programs.openssl, files.path, 'proxy') : undefined
      const port = await freePort()
      server = await startServer({
        env: {
          PORTOLAN_EXTERNAL_URL: `${scheme}://127.0.0.1:${port}`,
          PORTOLAN_TRUSTED_PROXIES: '127.0.0.1/32',
        },
      })
      proxy = await startNginx(programs.nginx, {
        port,
        upstream: () => `http://127.0.0.1:${server.port}`,
        ...(certificate === undefined ? {} : { tls: certificate }),
      })
      registry = openRegistry(
        proxy.url,
        administrator(server),
        certificate === undefined ? {} : { ca: certificate.pem },
      )
    })
    afterAll(async () => {
      await proxy?.stop()
      await server?.dispose()
      await files?.remove()
    })

    test('the challenge sends clients to the token service at that URL', async () => {
      const answer = await registry.as().get('/v2/')

      expect(answer.headers['www-authenticate']).toContain(`realm="${proxy.url}/service/token"`)
    })

    test('a token from there opens the door', async () => {
      const project = await createProject(server)
      const path = `/v2/${project.name}/app/tags/list`
      const challenge = (await registry.as().get(path)).headers['www-authenticate'] ?? ''

      const token = await fetchToken(registry, challenge)
      const answer = await registry.as({ token }).get(path)

      expect(answer.status).toBe(404)
    })

    test('an image is pushed and pulled through the proxy', async () => {
      const project = await createProject(server)
      const repository = openRepository(registry, `${project.name}/app`)

      const { manifest } = await repository.pushImage('v1')
      const answer = await registry.get(repository.at('manifests/v1'))

      expect(answer.body.equals(manifest.bytes)).toBe(true)
    })

    test('a large blob streams through in pieces of unknown number', async () => {
      const project = await createProject(server)
      const repository = openRepository(registry, `${project.name}/app`)
      const content = blob(30_000_000)

      const streamed = await registry.send({
        method: 'PATCH',
        path: await repository.startUpload(),
        body: inPieces(content.bytes),
      })
      const closed = await registry.send({
        method: 'PUT',
        path: withQuery(locationOf(streamed), { digest: content.digest }),
      })
      const pulled = await registry.get(repository.at(`blobs/${content.digest}`))

      expect(streamed.headers.range).toBe('0-29999999')
      expect(closed.status).toBe(201)
      expect(pulled.body.equals(content.bytes)).toBe(true)
    })

    test('every place that is handed out lies at that URL or is relative', async () => {
      const project = await createProject(server)
      const repository = openRepository(registry, `${project.name}/app`)

      const begun = await registry.send({ method: 'POST', path: repository.at('blobs/uploads/') })
      const { manifest } = await repository.pushImage()
      const pushed = await repository.putManifest(manifest, 'v1')

      for (const answer of [begun, pushed]) {
        const location = answer.headers.location ?? ''
        expect(location.startsWith('/') ? proxy.url : new URL(location).origin).toBe(proxy.url)
      }
    })

    test('the address of the client is the one that the proxy names', async () => {
      await failToLogIn(proxy.url, `${scheme}-client`, {}, certificate?.pem)

      expect(refusedFrom(server, `${scheme}-client`)).toBe('127.0.0.2')
    })

    test('an address that the client makes up is not believed', async () => {
      await failToLogIn(proxy.url, `${scheme}-liar`, { 'X-Forwarded-For': '203.0.113.9' }, certificate?.pem)

      expect(refusedFrom(server, `${scheme}-liar`)).toBe('127.0.0.2')
    })
  })

  describe('without an external URL', () => {
    let files: TemporaryDirectory
    let certificate: Certificate
    let server: RunningServer
    let proxy: ReverseProxy

    beforeAll(async () => {
      files = await temporaryDirectory('certificates')
      certificate = await makeCertificate(programs.openssl, files.path, 'proxy')
      server = await startServer({ env: { PORTOLAN_TRUSTED_PROXIES: '127.0.0.1/32' } })
      const upstream = () => `http://127.0.0.1:${server.port}`
      proxy = await startNginx(programs.nginx, { port: await freePort(), upstream, tls: certificate })
    })
    afterAll(async () => {
      await proxy?.stop()
      await server?.dispose()
      await files?.remove()
    })

    test('the challenge follows the scheme and host that the proxy names', async () => {
      const answer = await openRegistry(proxy.url, undefined, { ca: certificate.pem }).get('/v2/')

      expect(answer.headers['www-authenticate']).toContain(`realm="${proxy.url}/service/token"`)
    })

    test('what an untrusted address forwards is passed over', async () => {
      const direct = openRegistry(server.url, undefined, { localAddress: '127.0.0.2' })

      const answer = await direct.get('/v2/', {
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-For': '203.0.113.9',
      })
      await failToLogIn(server.url, 'direct', { 'X-Forwarded-For': '203.0.113.9' })

      expect(answer.headers['www-authenticate']).toContain(`realm="${server.url}/service/token"`)
      expect(refusedFrom(server, 'direct')).toBe('127.0.0.2')
    })
  })
})

describe('where no proxy is trusted', () => {
  let server: RunningServer

  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server?.dispose())

  test('forwarded headers change neither the challenge nor the address', async () => {
    const forwarded = {
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-For': '203.0.113.9',
      Forwarded: 'for=203.0.113.9;proto=https;host=evil.example',
    }

    const answer = await openRegistry(server.url).get('/v2/', forwarded)
    await failToLogIn(server.url, 'nobody-at-all', forwarded)

    expect(answer.headers['www-authenticate']).toContain(`realm="${server.url}/service/token"`)
    expect(refusedFrom(server, 'nobody-at-all')).toBe('127.0.0.2')
  })
})

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 1_000_000) {
    yield bytes.subarray(start, start + 1_000_000)
  }
}
