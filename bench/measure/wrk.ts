import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findProgram } from '../../scripts/peers/path.ts'
import { succeed } from '../../tests/harness/command.ts'

export interface WrkRequest {
  path: string
  headers: Record<string, string>
}

export interface WrkResult {
  /** Answers, in all. */
  count: number
  perSecond: number
  /** Milliseconds that 99 of 100 answers took at most. */
  p99: number
}

export interface WrkOptions {
  /** Where the script may lie. */
  directory: string
  connections: number
  seconds: number
}

/**
 * GET over kept connections, each request the next of `requests`; it rejects when any answer is not 2xx. The
 * requests are made once, before the clock runs: the generator must not be what is measured.
 */
export async function runWrk(
  url: string,
  requests: readonly WrkRequest[],
  { directory, connections, seconds }: WrkOptions,
): Promise<WrkResult> {
  const wrk = await findProgram('wrk')
  if (wrk === undefined) throw new Error('wrk is not installed: npm run install-peers')
  const rows = requests.map(({ path: target, headers }) => {
    const fields = Object.entries(headers).map(([name, value]) => `[${quoted(name)}] = ${quoted(value)}`)
    return `wrk.format('GET', ${quoted(target)}, {${fields.join(', ')}})`
  })
  const script = path.join(directory, 'requests.lua')
  await writeFile(
    script,
    `local requests
local at = 0
init = function() requests = {\n${rows.join(',\n')}\n} end
request = function()
  at = at % #requests + 1
  return requests[at]
end
`,
  )
  const printed = await succeed(wrk, [
    ...['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`],
    // A server with one answer a second is slow, not wrong.
    ...['--timeout', '30s', '--latency', '--script', script, url],
  ])
  if (printed.includes('Non-2xx')) throw new Error(`not all answers were 2xx:\n${printed}`)
  return {
    count: Number(/(\d+) requests in/.exec(printed)?.[1]),
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(printed)?.[1]),
    p99: milliseconds(/99%\s+([\d.]+)(us|ms|s|m)/.exec(printed)),
  }
}

function milliseconds(found: RegExpExecArray | null): number {
  const factors: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }
  return Number(found?.[1]) * (factors[found?.[2] ?? ''] ?? Number.NaN)
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
