import { surroundings, table } from './report.ts'
import type { Row } from './sheet.ts'

export interface Page {
  day: string
  /** How busy the machine was before anything began. */
  load: number
  names: readonly string[]
  reference: string
  versions: readonly string[]
  settings: readonly string[]
  durability: readonly string[]
  ceilings: readonly (readonly [string, string])[]
  rows: readonly Row[]
  findings: readonly string[]
  missing: readonly string[]
}

/** The page as it is kept in docs/: what was measured, on what, and where the time went where others were better. */
export async function render(page: Page): Promise<string> {
  const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join('\n')
  const lost =
    page.findings.length === 0
      ? 'None.'
      : `Each was done once more, ours under the profiler of Node, and processor time was counted by program.\n\n${list(page.findings)}`
  const missing = page.missing.length === 0 ? '' : `\nNot on the machine: ${page.missing.join(', ')}.\n`

  return `# Benchmark

Written by \`npm run bench -w bench\` on ${page.day}; do not edit. What each row means and how to read it stands in
[bench/README.md](../../bench/README.md).

${list([...(await surroundings()), `load of the machine before the run: ${page.load.toFixed(1)}`, ...page.versions, ...page.settings])}
${missing}
What lies on stable storage when a push has been answered:

${list(page.durability)}

What the load generators reach against a server that does nothing, on the same machine:

${list(page.ceilings.map(([what, rate]) => `${what}: ${rate}`))}

## Measured

Medians, with least and greatest of the rounds. Ratios above 1 say that Portolan is better; those below are bold. The reference is
nginx with sendfile for pulls, and the slower of \`openssl dgst -sha256\` and \`dd conv=fsync\` on the same bytes for pushes.

${table(page.rows, page.names, page.reference)}

## Where the time goes in rows that are lost

${lost}
`
}
