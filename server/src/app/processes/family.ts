import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import { FatalError } from '../../platform/errors.ts'
import type { Order, Word } from './messages.ts'
import { watchSilence } from './silence.ts'

/** A process that was started. */
export interface Child {
  pid: number
  /** Says nothing where it has gone meanwhile. A connection stays open here as well. */
  send(order: Order, connection?: Socket): void
  kill(): void
}

/** Starts one; hears its words, and how it ends. */
export type Launch = (hear: (word: Word) => void, ended: (how: Ended) => void) => Child

export interface Ended {
  code: number | null
  signal: string | null
}

export interface FamilyDeps {
  count: number
  log: Logger
  launch: Launch
  /** Hears everything that is said. */
  onWord(word: Word, from: Child): void
  /** One has ended; `byItself`, where it was not told to. */
  onEnded?(child: Child, byItself: boolean): void
}

/** Processes that answer in common. Each has a place, which is filled again when it has become empty. */
export interface Family {
  /** Tells each to begin; resolves when all are ready. FatalError where one cannot. */
  begin(order: (place: number) => Order): Promise<void>
  /** Those that are ready, in the order of their places. */
  ready(): Child[]
  /** Tells the one that leads, if it is there. */
  tellLeader(order: Order): void
  /** Tells all to end in order, and waits; who is not gone after so many milliseconds is killed. */
  stop(milliseconds: number): Promise<void>
}

/** Who was ready for less has not lived: there is something wrong, and starting anew all the time helps nobody. */
const LIVED_MILLISECONDS = 2000
const FIRST_DELAY = 100
const LONGEST_DELAY = 30_000

interface Place {
  number: number
  child: Child | undefined
  /** Since when it can answer; undefined before, and where it is leaving. */
  readySince: number | undefined
  /** When it became so. */
  livedSince: number | undefined
  /** What it said of why it ends. */
  failure: { line: string; exitCode: number } | undefined
  /** How many have not lived, one after the other. */
  failures: number
  timer: NodeJS.Timeout | undefined
}

/** Starts them at once: they read the program while what they wait for is made ready. */
export function createFamily({ count, log, launch, onWord, onEnded }: FamilyDeps): Family {
  let orderFor: ((place: number) => Order) | undefined
  let stopping = false
  const begun = Promise.withResolvers<void>()
  let isBegun = false
  let onGone: (() => void) | undefined
  const silence = watchSilence<Child>((child) => {
    log.error({ process: child.pid }, 'a process says nothing any more: it is killed')
    child.kill()
  })

  const places: Place[] = Array.from({ length: count }, (_, number) => ({
    number,
    child: undefined,
    readySince: undefined,
    livedSince: undefined,
    failure: undefined,
    failures: 0,
    timer: undefined,
  }))
  // Whoever waits is told; nobody need wait.
  begun.promise.catch(() => undefined)
  for (const place of places) fill(place)

  function fill(place: Place): void {
    place.timer = undefined
    place.readySince = undefined
    place.livedSince = undefined
    place.failure = undefined
    const child = launch(
      (word) => hear(place, child, word),
      (how) => empty(place, child, how),
    )
    place.child = child
    // Also while it starts, and while it ends: one that hangs there would keep its place for ever.
    silence.heard(child)
    if (orderFor) child.send(orderFor(place.number))
  }

  function hear(place: Place, child: Child, word: Word): void {
    // What has gone may be heard still. Its place is another's by then, or nobody's.
    if (place.child !== child) {
      if (word.word === 'log') onWord(word, child)
      return
    }
    silence.heard(child)
    if (word.word === 'alive') return
    if (word.word === 'failed') place.failure = word
    else if (word.word === 'leaving') {
      place.readySince = undefined
    } else if (word.word === 'ready') {
      place.readySince = performance.now()
      place.livedSince = place.readySince
      if (isBegun) log.info({ process: child.pid }, 'another process has taken its place')
      if (places.every(({ readySince }) => readySince !== undefined)) {
        isBegun = true
        begun.resolve()
      }
    }
    onWord(word, child)
  }

  function empty(place: Place, child: Child, { code, signal }: Ended): void {
    const { failure, livedSince } = place
    place.child = undefined
    place.readySince = undefined
    silence.gone(child)
    onEnded?.(child, !stopping)
    if (places.every((one) => one.child === undefined)) onGone?.()
    if (stopping) return
    if (!isBegun) {
      const line = failure?.line ?? `a process ended with ${code ?? signal} before it was ready`
      begun.reject(new FatalError(line, { exitCode: failure?.exitCode ?? 1 }))
      return
    }
    const lived = livedSince !== undefined && performance.now() - livedSince >= LIVED_MILLISECONDS
    // Somebody has told it to end, and it has done so in order.
    const wanted = livedSince !== undefined && code === 0
    place.failures = lived || wanted ? 0 : place.failures + 1
    const delay = delayAfter(place.failures)
    const told = { process: child.pid, code, signal, reason: failure?.line, delay }
    log[wanted ? 'info' : 'error'](told, 'a process has ended by itself, and another takes its place')
    place.timer = setTimeout(() => fill(place), delay)
  }

  function tell(order: Order): void {
    for (const { child } of places) child?.send(order)
  }

  return {
    begin(order) {
      orderFor = order
      for (const { number, child } of places) child?.send(order(number))
      return begun.promise
    },
    ready: () =>
      places.flatMap(({ child, readySince }) => (child && readySince !== undefined ? [child] : [])),
    tellLeader(order) {
      const [leader] = places
      if (leader?.readySince !== undefined) leader.child?.send(order)
    },
    async stop(milliseconds) {
      stopping = true
      silence.stop()
      for (const { timer } of places) clearTimeout(timer)
      if (places.every(({ child }) => child === undefined)) return
      const gone = new Promise<void>((resolve) => {
        onGone = resolve
      })
      tell({ order: 'stop' })
      const late = setTimeout(() => {
        log.warn('processes do not stop: they are killed')
        for (const { child } of places) child?.kill()
      }, milliseconds)
      await gone
      clearTimeout(late)
    },
  }
}

/** Milliseconds until the place is filled again: none after one that has lived. */
function delayAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(failures - 1, 20))
}
