import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { projectFiles } from './files.ts'
import { ROOT } from './run.ts'
import { type Outcome, verdict } from './step.ts'
import { textComplaints } from './text-rules.ts'

/** Applies the text rules to the whole server. */
export async function checkWords(): Promise<Outcome> {
  const paths = await projectFiles('server/src/*.ts', 'server/src/**/*.ts')
  const files = await Promise.all(
    paths.map(async (path) => ({
      path: path.slice('server/src/'.length),
      text: await readFile(join(ROOT, path), 'utf8'),
    })),
  )

  return verdict(textComplaints(files, await migratedTables()))
}

async function migratedTables(): Promise<string[]> {
  const migrations = await projectFiles('server/src/platform/db/migrations/*.sql')
  const texts = await Promise.all(migrations.map((path) => readFile(join(ROOT, path), 'utf8')))

  return texts.flatMap((text) =>
    [...text.matchAll(/^create table (?:if not exists )?"?(\w+)/gim)].map((match) => match[1] ?? ''),
  )
}
