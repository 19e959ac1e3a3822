import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, run } from './run.ts'

/** Files of the project as git sees them (tracked or new, nothing ignored), with forward slashes. */
export async function projectFiles(...patterns: string[]): Promise<string[]> {
  const { code, stdout, output } = await run('git', [
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
    '--deduplicate',
    '--',
    ...patterns,
  ])
  if (code !== 0) throw new Error(`git ls-files failed: ${output}`)

  return stdout.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)))
}
