import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT, run } from './run.ts'
import { type Outcome, verdict } from './step.ts'

/**
 * Files that are made from code and committed, so that a change shows in review. Each command prints
 * the file; `npm run generate` writes them all.
 */
export const GENERATED: { file: string; command: string[] }[] = [
  { file: 'docs/reference/configuration.md', command: ['node', 'server/src/config/reference.ts'] },
  { file: 'docs/reference/api.md', command: ['node', 'server/src/app/openapi/reference.ts'] },
  { file: 'docs/reference/events.md', command: ['node', 'scripts/events/page.ts'] },
  {
    file: 'docs/reference/differences-from-harbor.md',
    command: ['node', 'tests/contract/differences-page.ts'],
  },
  { file: 'server/schema.sql', command: ['node', 'server/src/platform/db/dump-schema.ts'] },
]

/** The committed files are what the code would make now. */
export async function checkGenerated(): Promise<Outcome> {
  const complaints: string[] = []
  for (const { file, command } of GENERATED) {
    const made = await make(command)
    const kept = await readFile(join(ROOT, file), 'utf8').catch(() => undefined)
    if (kept === undefined) complaints.push(`${file} is missing: npm run generate`)
    else if (kept !== made) complaints.push(`${file} is out of date: npm run generate`)
  }

  return verdict(complaints)
}

/** What the command prints. Throws with its output when it fails. */
export async function make([program = '', ...args]: readonly string[]): Promise<string> {
  const { code, stdout, output } = await run(program, args)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${output}`)

  return stdout
}
