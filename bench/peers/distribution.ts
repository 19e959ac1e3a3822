import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findProgram } from '../../scripts/peers/path.ts'
import { run } from '../../tests/harness/command.ts'
import { freePort } from '../../tests/harness/port.ts'
import type { Peer } from './peer.ts'
import { startProgram } from './program.ts'
import { accessOf, ISSUER, openSigner, SERVICE } from './signer.ts'

/** CNCF Distribution 2 as Debian packages it, and 3 as Go builds it: files for storage, descriptors cached in memory. */
export const distributions: readonly Peer[] = [
  distribution({
    name: 'docker-registry (Debian)',
    program: 'docker-registry',
    durability: 'syncs files, not their directories',
    keyId: 'libtrust',
  }),
  distribution({
    name: 'Distribution 3',
    program: 'registry',
    durability: 'syncs files and the directory of a moved one',
    keyId: 'name',
  }),
]

interface Kind {
  name: string
  program: string
  durability: string
  keyId: 'name' | 'libtrust'
}

function distribution({ name, program, durability, keyId }: Kind): Peer {
  return {
    name,
    durability,
    version: async () => {
      const file = await findProgram(program)
      if (file === undefined) return undefined
      // What comes before is a path, which may hold one too.
      const { stdout } = await run(file, ['--version'])
      return stdout.match(/v?\d+\.\d+\.\d+\S*/g)?.at(-1) ?? 'unknown'
    },
    start: async (dataDirectory, { tokens = false } = {}) => {
      const executable = await findProgram(program)
      if (executable === undefined) throw new Error(`${program} is not installed: npm run install-peers`)
      const port = await freePort()
      const url = `http://127.0.0.1:${port}`
      const signer = tokens ? await openSigner(dataDirectory, keyId) : undefined
      const keys = keyId === 'name' ? `jwks: ${signer?.keys}` : `rootcertbundle: ${signer?.certificate}`
      const file = path.join(dataDirectory, 'config.yml')
      await writeFile(
        file,
        `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  cache: { blobdescriptor: inmemory }
  filesystem: { rootdirectory: ${path.join(dataDirectory, 'registry')} }
  delete: { enabled: true }
http: { addr: 127.0.0.1:${port}, secret: bench }
${signer ? `auth: { token: { realm: '${url}/token', service: ${SERVICE}, issuer: ${ISSUER}, ${keys} } }` : ''}
`,
      )
      // Version 3 would send its traces to a collector that nobody runs.
      const env = { OTEL_TRACES_EXPORTER: 'none' }
      const running = await startProgram(executable, ['serve', file], url, env)
      return { url, ...running, ...accessOf(signer) }
    },
  }
}
