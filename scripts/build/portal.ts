import { glob, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT, run } from '../check/run.ts'

const BUILT = join(ROOT, 'portal/dist/index.html')
const SOURCES = [
  'portal/{src,public}/**/*',
  'portal/{index.html,package.json,vite.config.ts}',
  'api/src/*.ts',
]

/** Builds the portal into portal/dist unless what lies there is newer than everything it is made of. */
export async function buildPortal(): Promise<void> {
  const built = await modificationTime(BUILT)
  if (built > (await newestSource())) return

  process.stdout.write('building the portal\n')
  const { code, output } = await run('vite', ['build', 'portal', '--logLevel', 'warn'])
  if (code !== 0) throw new Error(`the portal cannot be built:\n${output}`)
}

async function newestSource(): Promise<number> {
  const times: number[] = []
  for await (const path of glob(SOURCES, { cwd: ROOT })) times.push(await modificationTime(join(ROOT, path)))

  return Math.max(...times)
}

async function modificationTime(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0
}
