import { succeed } from '../../tests/harness/command.ts'

/** Requests answered in a second over kept connections; it rejects when any answer is not 2xx. */
export async function requestsPerSecond(
  wrk: string,
  url: string,
  options: { headers: Record<string, string>; connections: number; seconds: number },
): Promise<number> {
  const headers = Object.entries(options.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const printed = await succeed(wrk, [
    '--threads',
    '1',
    '--connections',
    String(options.connections),
    '--duration',
    `${options.seconds}s`,
    ...headers,
    url,
  ])
  if (printed.includes('Non-2xx')) {
    throw new Error(`not all answers were 2xx:\n${printed}`)
  }
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(printed)?.[1])
}
