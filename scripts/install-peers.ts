import { installPeers } from './peers/install.ts'

/** `npm run install-peers`: what `npm test` does before the black-box tests. */
const failures = await installPeers()
process.stdout.write(failures.map((line) => `${line}\n`).join(''))
process.exitCode = failures.length === 0 ? 0 : 1
