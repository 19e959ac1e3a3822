import { copyFile, writeFile } from 'node:fs/promises'
import https from 'node:https'
import path from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Certificate, makeCertificate } from '../harness/certificates.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../harness/directory.ts'
import { administrator } from '../harness/project.ts'
import { sendRaw } from '../harness/raw.ts'
import { openRegistry } from '../harness/registry.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('openssl')

describeWith('TLS from certificate files', tools, (programs) => {
  let files: TemporaryDirectory
  let first: Certificate
  let second: Certificate
  let inForce: { certificate: string; key: string }
  let server: RunningServer

  beforeAll(async () => {
    files = await temporaryDirectory('tls')
    first = await makeCertificate(programs.openssl, files.path, 'first')
    second = await makeCertificate(programs.openssl, files.path, 'second')
    inForce = { certificate: path.join(files.path, 'tls.crt'), key: path.join(files.path, 'tls.key') }
    await install(first)
    server = await startServer({
      env: { PORTOLAN_TLS_CERTIFICATE: inForce.certificate, PORTOLAN_TLS_KEY: inForce.key },
    })
  })
  afterAll(async () => {
    await server?.dispose()
    await files?.remove()
  })

  async function install(certificate: Certificate): Promise<void> {
    await copyFile(certificate.key, inForce.key)
    await copyFile(certificate.certificate, inForce.certificate)
  }

  /** The common name of the certificate that a new connection gets. */
  function nameShown(): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = tls.connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN))
        socket.destroy()
      })
      socket.on('error', reject)
    })
  }

  async function eventually(name: string): Promise<boolean> {
    for (let tries = 0; tries < 100; tries += 1) {
      if ((await nameShown()) === name) {
        return true
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return false
  }

  test('the registry answers over TLS to whoever trusts the certificate', async () => {
    const registry = openRegistry(server.url, administrator(server), { ca: first.pem })

    const answer = await registry.get('/v2/')
    const challenge = await registry.as().get('/v2/')

    expect(answer.status).toBe(200)
    expect(challenge.headers['www-authenticate']).toContain(`realm="${server.url}/service/token"`)
  })

  test('a request without TLS gets no answer of the registry', async () => {
    const status = await sendRaw(server.url, Buffer.from('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'))

    expect([0, 400]).toContain(status)
  })

  test('a certificate that changes is shown to new connections, and the old ones go on', async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
    const old = openRegistry(server.url, administrator(server), { agent, ca: first.pem })
    await old.get('/v2/')

    await install(second)
    const changed = await eventually('second')
    const answer = await old.get('/v2/')

    expect(changed).toBe(true)
    expect(answer.status).toBe(200)
  })

  test('a certificate that is broken is not taken, and the one before stays', async () => {
    const before = await nameShown()

    await writeFile(inForce.certificate, 'this is no certificate')
    await new Promise((resolve) => setTimeout(resolve, 5000))
    const after = await nameShown()
    await install(first)

    expect(after).toBe(before)
    expect(await eventually('first')).toBe(true)
  })

  test('a key that does not belong to the certificate stops the start with the reason', async () => {
    const start = startServer({
      env: { PORTOLAN_TLS_CERTIFICATE: first.certificate, PORTOLAN_TLS_KEY: second.key },
    })

    await expect(start).rejects.toThrow(/tls/i)
  })
})
