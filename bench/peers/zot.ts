import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findProgram } from '../../scripts/peers/path.ts'
import { run } from '../../tests/harness/command.ts'
import { freePort } from '../../tests/harness/port.ts'
import type { Peer } from './peer.ts'
import { startProgram } from './program.ts'
import { accessOf, openSigner, SERVICE } from './signer.ts'

/** zot, where somebody has put it on PATH: told to sync (`commit`), without deduplication, which the others do not do either. */
export const zot: Peer = {
  name: 'zot',
  durability: 'told to sync (`commit: true`)',
  version: async () => {
    const file = await findProgram('zot')
    if (file === undefined) return undefined
    const { stdout, stderr } = await run(file, ['--version'])
    return /v\d+\.\d+\.\d+[^\s",]*/.exec(stdout + stderr)?.[0] ?? 'unknown'
  },
  start: async (dataDirectory, { tokens = false } = {}) => {
    const executable = await findProgram('zot')
    if (executable === undefined) throw new Error('zot is not on PATH')
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const signer = tokens ? await openSigner(dataDirectory, 'name') : undefined
    const file = path.join(dataDirectory, 'config.json')
    const auth = { bearer: { realm: `${url}/token`, service: SERVICE, cert: signer?.certificate } }
    await writeFile(
      file,
      JSON.stringify({
        distSpecVersion: '1.1.1',
        storage: { rootDirectory: path.join(dataDirectory, 'zot'), commit: true, dedupe: false, gc: false },
        http: { address: '127.0.0.1', port: String(port), ...(signer ? { auth } : {}) },
        log: { level: 'error' },
      }),
    )
    const running = await startProgram(executable, ['serve', file], url)
    return { url, ...running, ...accessOf(signer) }
  },
}
