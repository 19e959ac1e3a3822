import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { succeed } from '../../tests/harness/command.ts'

export interface Login {
  path: string
  authorization: string
}

/**
 * Logins answered in a second over kept connections, each request the next of `logins`; it rejects when any
 * answer is not 2xx.
 */
export async function loginsPerSecond(
  wrk: string,
  url: string,
  logins: readonly Login[],
  options: { directory: string; connections: number; seconds: number },
): Promise<number> {
  const script = path.join(options.directory, 'logins.lua')
  const rows = logins.map(
    (login) =>
      `wrk.format("GET", ${quoted(login.path)}, {["Authorization"] = ${quoted(login.authorization)}})`,
  )
  // Made once wrk knows the host, and then only handed out: the generator must not be what is measured.
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
    '--threads',
    '1',
    '--connections',
    String(options.connections),
    '--duration',
    `${options.seconds}s`,
    '--script',
    script,
    url,
  ])
  if (printed.includes('Non-2xx')) throw new Error(`not all answers were 2xx:\n${printed}`)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(printed)?.[1])
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
