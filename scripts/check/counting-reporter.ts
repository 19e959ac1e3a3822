import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'
import type { Skip } from './step.ts'

/** What a run of vitest leaves in the file named by `PORTOLAN_CHECK_COUNTS`. */
export interface Counts {
  passed: number
  failed: number
  skipped: Skip[]
}

/**
 * Counts what ran, and keeps the reasons of skips, which vitest's JSON reporter leaves out. A file that
 * could not be loaded and an error outside every test count as failures.
 */
export default class CountingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: [] }
    for (const module of modules) count(module, counts)

    const file = process.env.PORTOLAN_CHECK_COUNTS
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts))
  }
}

function count(module: TestModule, counts: Counts): void {
  const failedBefore = counts.failed
  for (const test of module.children.allTests()) {
    const result = test.result()
    if (result.state === 'passed') counts.passed++
    else if (result.state === 'failed') counts.failed++
    else if (result.state === 'skipped') counts.skipped.push({ name: test.fullName, reason: result.note })
  }
  // A file or a hook that failed by itself.
  if (module.state() === 'failed' && counts.failed === failedBefore) counts.failed++
}
