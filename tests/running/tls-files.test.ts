import { rename, symlink } from 'node:fs/promises'
import path from 'node:path'
import tls from 'node:tls'
import { expect, test } from 'vitest'
import { type Certificate, makeCertificate } from '../harness/certificates.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { startServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('openssl')

/** The name in the certificate that a new connection is shown. */
function nameShown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

describeWith('certificates behind symbolic links, as mounted secrets are', tools, (programs) => {
  test('a pair that changes by links put in their place is shown to new connections', async () => {
    const files = await temporaryDirectory('links')
    const link = async ({ certificate, key }: Certificate) => {
      for (const [name, target] of Object.entries({ 'tls.crt': certificate, 'tls.key': key })) {
        await symlink(target, path.join(files.path, 'next'))
        await rename(path.join(files.path, 'next'), path.join(files.path, name))
      }
    }
    const second = await makeCertificate(programs.openssl, files.path, 'second')
    await link(await makeCertificate(programs.openssl, files.path, 'first'))
    const server = await startServer({
      env: {
        PORTOLAN_TLS_CERTIFICATE: path.join(files.path, 'tls.crt'),
        PORTOLAN_TLS_KEY: path.join(files.path, 'tls.key'),
      },
    })
    const before = await nameShown(server.port)

    await link(second)
    const after = expect.poll(() => nameShown(server.port))

    expect(before).toBe('first')
    await after.toBe('second')
    await server.dispose()
    await files.remove()
  })
})
