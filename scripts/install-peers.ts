import { installBenchPeers, installPeers } from './peers/install.ts'

/** `npm run install-peers`: what `npm test` does before the black-box tests; with `--bench` what bench/ measures besides. */
const failures = await installPeers()
if (process.argv.includes('--bench')) failures.push(...(await installBenchPeers()))
process.stdout.write(failures.map((line) => `${line}\n`).join(''))
process.exitCode = failures.length === 0 ? 0 : 1
