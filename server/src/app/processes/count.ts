import type { Config } from '../../config/schema.ts'

/** The database of the same machine takes about as much of it as what answers requests (decision 0033). */
const PROCESSORS_EACH = 2
/** From here on it is the database that limits, and a process takes some 100 MB. */
const MOST = 4
/** A process with fewer lets requests wait for connections while the database has nothing to do. */
const CONNECTIONS_EACH = 5

/** How many processes answer on the one port of this machine, which has so many processors for us. */
export function countProcesses(
  { processes, roles, database }: Pick<Config, 'processes' | 'roles' | 'database'>,
  processors: number,
): number {
  if (roles === 'worker') return 1
  if (processes !== 'auto') return processes
  const most = Math.min(MOST, Math.floor(database.maxConnections / CONNECTIONS_EACH))

  return Math.max(1, Math.min(most, Math.floor(processors / PROCESSORS_EACH)))
}

/** What one of them opens of the connections that all may open together. */
export function shareOfConnections(maxConnections: number, processes: number): number {
  return Math.floor(maxConnections / processes)
}
