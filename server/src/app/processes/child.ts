import type { Socket } from 'node:net'
import type { Ending } from '../../auth/throttle.ts'
import type { Config } from '../../config/schema.ts'
import { ignore } from '../../lib/ignore.ts'
import { FatalError } from '../../platform/errors.ts'
import { openLog } from '../../platform/log/open-log.ts'
import { createLifecycle } from '../lifecycle.ts'
import type { Change, Siblings } from '../server-parts.ts'
import { listenForStop } from '../signals.ts'
import { loadProgram, start } from '../start.ts'
import { findTerminal } from '../terminal.ts'
import type { Order, Word } from './messages.ts'
import { ALIVE_MILLISECONDS } from './silence.ts'

/** Between two words about events: as long as whoever hears them waits for more. */
const EVENTS_MILLISECONDS = 40

/**
 * One of several processes that answer on the same port: waits until its supervisor says that all is ready, then works until it is
 * told to stop, or the supervisor is gone, with which it ends at once (\`node:cluster\` sees to that).
 */
export async function runProcess(): Promise<void> {
  if (process.send === undefined)
    throw new FatalError('portolan serve starts processes of this kind', { exitCode: 2 })
  const stop = listenForStop()
  const { say, begun, stopped, siblings } = createLine()
  loadProgram().catch(ignore)
  const begin = await Promise.race([begun, stopped, stop.received])
  if (typeof begin === 'string') return

  const { config, leads } = begin
  const { log, close } = await openLog(config, { pid: process.pid }, (line) => say({ word: 'log', line }))
  const lifecycle = createLifecycle(log)
  try {
    const options = { config, log, terminal: findTerminal(), siblings: siblings(leads) }
    await start(options, lifecycle)
    log.debug({ leads }, 'answering')
    await Promise.race([stopped, stop.received])
  } catch (error) {
    if (!(error instanceof FatalError)) throw error
    say({ word: 'failed', line: error.message, exitCode: error.exitCode })
    process.exitCode = error.exitCode
  } finally {
    await lifecycle.close()
    await close()
    stop.dispose()
  }
}

/** The line to the supervisor. */
function createLine() {
  const say = (word: Word): void => {
    // Where it is gone, so are we in a moment.
    if (process.connected) process.send?.(word, undefined, undefined, ignore)
  }
  const begun = Promise.withResolvers<{ config: Config; leads: boolean }>()
  const stopped = Promise.withResolvers<'stop'>()
  let answers: Parameters<Siblings['answering']>[0] | undefined
  let wake: () => void = ignore
  let hearAttempt: (ending: Ending) => void = ignore
  let hearChange: (change: Change) => void = ignore
  let take: (connection: Socket) => boolean = () => false

  function receive(id: number, connection: Socket | undefined): void {
    const taken = connection !== undefined && take(connection)
    say({ word: taken ? 'took' : 'refused', id })
    if (!taken) connection?.destroy()
  }

  setInterval(() => say({ word: 'alive' }), ALIVE_MILLISECONDS).unref()
  process.once('disconnect', () => process.exit(1))
  process.on('message', (order: Order, connection: Socket | undefined) => {
    if (order.order === 'connection') receive(order.id, connection)
    else if (order.order === 'begin') begun.resolve(order)
    else if (order.order === 'stop') stopped.resolve('stop')
    else if (order.order === 'events') wake()
    else if (order.order === 'attempt') hearAttempt(order.ending)
    else if (order.order === 'change') hearChange(order.change)
    else {
      const { id, about } = order
      Promise.resolve(answers?.[about]?.())
        .then((value) => say({ word: 'answer', id, value }))
        // Who does not answer is left out.
        .catch(ignore)
    }
  })

  return {
    say,
    begun: begun.promise,
    stopped: stopped.promise,
    siblings: (leads: boolean): Siblings => ({
      leads,
      tellOfEvents: seldom(EVENTS_MILLISECONDS, () => say({ word: 'events' })),
      tellOfAttempt: (ending) => say({ word: 'attempt', ending }),
      onAttempt(hear) {
        hearAttempt = hear
      },
      tellOfChange: (change) => say({ word: 'change', change }),
      onChange(hear) {
        hearChange = hear
      },
      onEvents(doWake) {
        wake = doWake
      },
      answering(given) {
        answers = given
      },
      accept(doTake) {
        take = doTake
        say({ word: 'ready' })
      },
      ended: (count) => say({ word: 'ended', count }),
      leave: () => say({ word: 'leaving' }),
    }),
  }
}

/** Calls at once, and once more after so many milliseconds if it was called meanwhile. */
function seldom(milliseconds: number, call: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  let again = false

  return function now() {
    if (timer !== undefined) {
      again = true
      return
    }
    again = false
    call()
    timer = setTimeout(() => {
      timer = undefined
      if (again) now()
    }, milliseconds)
    timer.unref()
  }
}
