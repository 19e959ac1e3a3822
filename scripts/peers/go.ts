import { chmod, mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../check/run.ts'
import { installPackages } from './debian.ts'
import { findProgram } from './path.ts'
import { type GoProgram, goProgramDirectory, goProgramSource } from './programs.ts'

/** The Go that older ones fetch; from 1.21 on Go fetches by itself what a module asks for. */
const TOOLCHAIN = 'golang.org/toolchain@v0.0.1-go1.26.8.linux-'
const FETCHES_BY_ITSELF = 21

/** Builds a program into its directory. Answers why not, where it could not. */
export async function buildGoProgram(go: string, name: GoProgram): Promise<string | undefined> {
  const { source, version } = goProgramSource(name)
  const directory = goProgramDirectory(name)
  const unfinished = join(directory, 'unfinished')
  await mkdir(unfinished, { recursive: true })

  process.stdout.write(`building ${source}@${version}\n`)
  const env = { GOBIN: unfinished, CGO_ENABLED: '0', GOFLAGS: '' }
  const { code, output } = await run(go, ['install', `${source}@${version}`], { env })
  if (code !== 0) return `go install failed: ${output.split('\n').at(-1)}`

  // Moved in whole: an interrupted build leaves nothing that looks like a program.
  await rename(join(unfinished, name), join(directory, name))
  return undefined
}

/** A Go that can build them: this machine's own, Debian's, or what Debian's older one can fetch. */
export async function findGo(): Promise<{ go: string } | { missing: string }> {
  let go = await findProgram('go')
  if (go === undefined) {
    const failure = await installPackages(['golang-go'])
    go = await findProgram('go')
    if (go === undefined) return { missing: `Go is not installed, and ${failure ?? 'Debian brings none'}` }
  }
  const [, minor = '0'] = /go1\.(\d+)/.exec((await run(go, ['version'])).output) ?? []

  return Number(minor) >= FETCHES_BY_ITSELF ? { go } : fetchToolchain(go)
}

async function fetchToolchain(go: string): Promise<{ go: string } | { missing: string }> {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const { code, stdout, output } = await run(go, ['mod', 'download', '-json', TOOLCHAIN + architecture])
  if (code !== 0) return { missing: `a newer Go could not be fetched: ${output.split('\n').at(-1)}` }

  const { Dir: directory } = JSON.parse(stdout) as { Dir: string }
  // Files of the module cache come without permission to run.
  for (const folder of ['bin', 'pkg/tool']) await makeExecutable(join(directory, folder))

  return { go: join(directory, 'bin/go') }
}

async function makeExecutable(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await chmod(join(entry.parentPath, entry.name), 0o755)
  }
}
