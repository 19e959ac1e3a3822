import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { administrator } from '../harness/project.ts'
import { openRegistry, type Registry } from '../harness/registry.ts'
import type { RunningServer } from '../harness/server.ts'
import { processTree } from '../running/processes.ts'

/** The processes of a server that answer requests, where there are several. */
export async function answering(server: RunningServer): Promise<number[]> {
  const tree = await processTree(server.pid)
  const commands = await Promise.all(
    tree.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  return tree.filter((_, at) => commands[at]?.split('\0').includes('serve-process'))
}

/** The administrator, on a new connection for each request: they go to all processes in turn. */
export function openOnNewConnections(server: RunningServer): Registry {
  return openRegistry(server.url, administrator(server), { agent: new http.Agent({ keepAlive: false }) })
}

/** What the log says, entry by entry. */
export function entries(log: string): Record<string, unknown>[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
