import { ignore } from '../../lib/ignore.ts'
import { startEmbeddedFor } from '../../platform/db/connect.ts'
import { openDataDirectory } from '../data-directory.ts'
import type { Lifecycle } from '../lifecycle.ts'
import { listeningOn } from '../listen.ts'
import type { Running, StartOptions } from '../start.ts'
import { loadTls } from '../tls.ts'
import { type Asking, createAsking } from './asking.ts'
import { shareOfConnections } from './count.ts'
import { createDistributor, type Distributor } from './distributor.ts'
import { type Child, createFamily, type Family } from './family.ts'
import { createLaunch } from './launch.ts'
import type { Order, Word } from './messages.ts'
import type { Together } from './together.ts'

/** So long, beyond what requests in flight have, a process may take to end. */
const STOP_MILLISECONDS = 20_000
const NEVER = new Promise<never>(ignore)

export interface SupervisorOptions extends Pick<StartOptions, 'config' | 'log'> {
  /** Takes entries of the others' logs to where ours go besides standard output. */
  passLog(line: string): void
}

/**
 * Starts so many processes that answer on the one port, as replicas do on one machine, and keeps them there. This one holds what
 * there is once: the data directory, the embedded PostgreSQL, the port, the log's file and receiver, the port of metrics. It
 * answers no request and reads little of the program, so that there is little in it that could fail.
 */
export async function startProcesses(
  { config, log, passLog }: SupervisorOptions,
  lifecycle: Lifecycle,
  count: number,
): Promise<Running> {
  // What is wrong here is better known before anything is created.
  loadTls(config)
  const held = await openDataDirectory(config)
  lifecycle.opened('data directory', () => held.release())

  let together: Together | undefined
  const asking = createAsking()
  const distributor = createDistributor()
  const family = createFamily({
    count,
    log,
    launch: createLaunch(),
    onWord: (word, from) => hear(word, from, { family, distributor, asking, passLog }),
    onEnded(child, byItself) {
      distributor.left(child)
      asking.forget(child.pid)
      if (byItself) together?.lost(child)
    },
  })

  // While PostgreSQL gets ready they read the program; they have nothing open yet.
  lifecycle.opened('processes that wait', () => family.stop(0))
  const embedded = config.database.url === undefined ? await startEmbeddedFor(config, log) : undefined
  if (embedded) lifecycle.opened('database', () => embedded.stop())

  lifecycle.opened('processes', () => family.stop(config.drainSeconds * 1000 + STOP_MILLISECONDS))
  const share = {
    ...config,
    database: {
      ...config.database,
      maxConnections: shareOfConnections(config.database.maxConnections, count),
    },
  }
  await family.begin((place) => ({ order: 'begin', config: share, leads: place === 0 }))
  if (config.metrics.port !== 0) {
    const [{ createTogether }, { listenForScrapes }] = await Promise.all([
      import('./together.ts'),
      import('../../platform/metrics/listener.ts'),
    ])
    together = await createTogether({ log, family, asking, count })
    const shown = await listenForScrapes(config.metrics, { ...together, log })
    lifecycle.opened('metrics', shown.close)
    log.info({ port: shown.port, address: config.metrics.address }, 'metrics are shown')
  }
  lifecycle.opened('port', distributor.close)
  const port = await distributor.listen(config)

  return { listening: listeningOn(config, port), failed: embedded?.failed ?? NEVER }
}

interface Hearing {
  family: Family
  distributor: Distributor
  asking: Asking
  passLog(line: string): void
}

/** Everything that a process says, but for how it fails, which its end tells. */
function hear(said: Word, from: Child, { family, distributor, asking, passLog }: Hearing): void {
  const { word } = said
  const tellOthers = (order: Order) => {
    for (const child of family.ready()) if (child !== from) child.send(order)
  }
  if (word === 'ready') distributor.joined(from)
  else if (word === 'leaving') distributor.left(from)
  else if (word === 'took') distributor.took(said.id)
  else if (word === 'refused') distributor.refused(said.id)
  else if (word === 'ended') distributor.ended(from, said.count)
  else if (word === 'answer') asking.answered(said)
  else if (word === 'events') family.tellLeader({ order: 'events' })
  else if (word === 'attempt') tellOthers({ order: 'attempt', ending: said.ending })
  else if (word === 'change') tellOthers({ order: 'change', change: said.change })
  else if (word === 'log') passLog(said.line)
}
