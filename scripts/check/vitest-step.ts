import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Counts } from './counting-reporter.ts'
import { run } from './run.ts'
import type { Outcome } from './step.ts'

/** Runs the named projects of vitest.config.ts, shows their progress and counts what came of them. */
export async function runVitest(projects: readonly string[]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-check-'))
  const file = join(folder, 'counts.json')
  try {
    const { code } = await run(
      'vitest',
      [
        'run',
        ...projects.map((project) => `--project=${project}`),
        '--reporter=default',
        '--reporter=./scripts/check/counting-reporter.ts',
      ],
      { live: true, env: { PORTOLAN_CHECK_COUNTS: file } },
    )
    const counts = await readCounts(file)
    const broken = counts === undefined || (code !== 0 && counts.failed === 0)

    return {
      passed: counts?.passed ?? 0,
      failed: (counts?.failed ?? 0) + (broken ? 1 : 0),
      skipped: counts?.skipped ?? [],
      output: broken ? `vitest ended with status ${code} and no failed test` : '',
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function readCounts(file: string): Promise<Counts | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Counts
  } catch {
    return undefined
  }
}
