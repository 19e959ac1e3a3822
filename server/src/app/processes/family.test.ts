import pino from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFamily, type Ended, type Family, type FamilyDeps } from './family.ts'
import type { Order, Word } from './messages.ts'

/** A process that does what the test says. */
interface Puppet {
  pid: number
  orders: Order[]
  killed: boolean
  says(word: Word): void
  ends(how?: Partial<Ended>): void
}

let puppets: Puppet[]
let words: Word[]
const order = (place: number) => ({ order: 'begin', leads: place === 0, config: {} }) as Order

beforeEach(() => {
  vi.useFakeTimers()
  puppets = []
  words = []
})
afterEach(() => vi.useRealTimers())

function family(count: number, more: Partial<FamilyDeps> = {}): Family {
  return createFamily({
    count,
    log: pino({ level: 'silent' }),
    launch(hear, ended) {
      const puppet: Puppet = {
        pid: puppets.length + 1,
        orders: [],
        killed: false,
        says: hear,
        ends: (how) => ended({ code: null, signal: null, ...how }),
      }
      puppets.push(puppet)
      return {
        pid: puppet.pid,
        send: (one) => puppet.orders.push(one),
        kill() {
          puppet.killed = true
          puppet.ends({ signal: 'SIGKILL' })
        },
      }
    },
    onWord: (word) => words.push(word),
    ...more,
  })
}

const isReady = (puppet: Puppet | undefined) => puppet?.says({ word: 'ready' })
const newest = () => puppets.at(-1)

async function begun(count: number, more: Partial<FamilyDeps> = {}): Promise<Family> {
  const all = family(count, more)
  const beginning = all.begin(order)
  for (const puppet of puppets) isReady(puppet)
  await beginning
  return all
}

test('they are started at once, begin when told to, and are ready when the last one is', async () => {
  const all = family(2)
  let ready = false
  const waiting = puppets.map(({ orders }) => orders.length)
  const beginning = all.begin(order).then(() => {
    ready = true
  })

  isReady(puppets[1])
  await vi.advanceTimersByTimeAsync(10)
  const early = ready
  isReady(puppets[0])

  await beginning
  expect([waiting, early]).toEqual([[0, 0], false])
  expect(puppets.map(({ orders }) => orders)).toEqual([[order(0)], [order(1)]])
})

test('one that cannot begin fails the whole start, with what it says', async () => {
  const all = family(2)
  const beginning = all.begin(order)

  isReady(puppets[1])
  puppets[0]?.says({ word: 'failed', line: 'port 1 is in use', exitCode: 3 })
  puppets[0]?.ends({ code: 3 })

  await expect(beginning).rejects.toMatchObject({ message: 'port 1 is in use', exitCode: 3 })
  expect(puppets).toHaveLength(2)
})

test('one that dies without a word at its start fails it too', async () => {
  const beginning = family(2).begin(order)

  puppets[1]?.ends({ signal: 'SIGSEGV' })

  await expect(beginning).rejects.toThrow('a process ended with SIGSEGV before it was ready')
})

test('one that has lived and dies is replaced at once, in its own place', async () => {
  const lost: number[] = []
  const all = await begun(2, { onEnded: ({ pid }) => lost.push(pid) })
  await vi.advanceTimersByTimeAsync(5000)

  puppets[0]?.ends({ signal: 'SIGKILL' })
  await vi.advanceTimersByTimeAsync(0)

  expect(lost).toEqual([1])
  expect(newest()).toMatchObject({ pid: 3, orders: [order(0)] })
  expect(all.ready().map(({ pid }) => pid)).toEqual([2])
  isReady(newest())
  expect(all.ready().map(({ pid }) => pid)).toEqual([3, 2])
})

test('those that die at their start are replaced later and later, until one has lived', async () => {
  await begun(1)
  await vi.advanceTimersByTimeAsync(5000)
  puppets[0]?.ends({ signal: 'SIGKILL' })
  await vi.advanceTimersByTimeAsync(0)
  const starts: number[] = []

  for (let round = 0; round < 12; round += 1) {
    const count = puppets.length
    const died = Date.now()
    newest()?.ends({ code: 1 })
    for (let waited = 0; puppets.length === count && waited < 60_000; waited += 100) {
      await vi.advanceTimersByTimeAsync(100)
    }
    starts.push(Date.now() - died)
  }
  isReady(newest())
  await vi.advanceTimersByTimeAsync(5000)
  const count = puppets.length
  newest()?.ends({ code: 1 })
  await vi.advanceTimersByTimeAsync(0)

  expect(starts).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000])
  expect(puppets).toHaveLength(count + 1)
})

test('one that was told to end by somebody else, and did so in order, is replaced at once', async () => {
  await begun(1)

  puppets[0]?.says({ word: 'leaving' })
  puppets[0]?.ends({ code: 0 })
  await vi.advanceTimersByTimeAsync(0)

  expect(puppets).toHaveLength(2)
})

test('what one says that has gone already changes nothing, but its log is kept', async () => {
  const all = await begun(2)
  await vi.advanceTimersByTimeAsync(5000)
  puppets[0]?.ends({ signal: 'SIGKILL' })
  await vi.advanceTimersByTimeAsync(0)
  const before = words.length

  isReady(puppets[0])
  puppets[0]?.says({ word: 'failed', line: 'too late', exitCode: 1 })
  puppets[0]?.says({ word: 'log', line: 'the last' })

  expect(all.ready().map(({ pid }) => pid)).toEqual([2])
  expect(words.slice(before)).toEqual([{ word: 'log', line: 'the last' }])
})

test('one that hangs is killed and replaced', async () => {
  const all = await begun(2)
  for (let second = 0; second < 90; second += 1) {
    puppets[1]?.says({ word: 'alive' })
    await vi.advanceTimersByTimeAsync(1000)
  }

  expect(puppets.map(({ killed }) => killed)).toEqual([true, false, false])
  expect(words).not.toContainEqual({ word: 'alive' })
  isReady(newest())
  expect(all.ready().map(({ pid }) => pid)).toEqual([3, 2])
})

test('one that hangs while it starts, or while it leaves, is killed and replaced as well', async () => {
  await begun(2)
  puppets[0]?.says({ word: 'leaving' })
  puppets[1]?.ends({ signal: 'SIGKILL' })
  await vi.advanceTimersByTimeAsync(100)
  const [, , starting] = puppets

  await vi.advanceTimersByTimeAsync(90_000)

  expect(starting?.killed).toBe(true)
  expect(puppets[0]?.killed).toBe(true)
  expect(puppets.length).toBeGreaterThan(4)
})

test('told to stop all end, and none is replaced', async () => {
  const all = await begun(2)
  const stopping = all.stop(10_000)

  puppets[0]?.ends({ code: 0 })
  puppets[1]?.ends({ code: 0 })
  await stopping
  await vi.advanceTimersByTimeAsync(60_000)

  expect(puppets.map(({ orders }) => orders.at(-1))).toEqual([{ order: 'stop' }, { order: 'stop' }])
  expect(puppets.map(({ killed }) => killed)).toEqual([false, false])
  expect(puppets).toHaveLength(2)
})

test('one that does not stop is killed when its time is over', async () => {
  const all = await begun(2)
  const stopping = all.stop(10_000)

  puppets[0]?.ends({ code: 0 })
  await vi.advanceTimersByTimeAsync(10_000)
  await stopping

  expect(puppets.map(({ killed }) => killed)).toEqual([false, true])
})

test('one that waits for its turn is not started any more after the stop', async () => {
  const all = await begun(1)
  puppets[0]?.ends({ code: 1 })

  await all.stop(1000)
  await vi.advanceTimersByTimeAsync(60_000)

  expect(puppets).toHaveLength(1)
})

test('what is said is passed on, and orders to who leads reach the first one while it is there', async () => {
  const all = await begun(2)

  puppets[1]?.says({ word: 'events' })
  all.tellLeader({ order: 'events' })
  puppets[0]?.ends({ signal: 'SIGKILL' })
  all.tellLeader({ order: 'events' })

  expect(words.slice(-1)).toEqual([{ word: 'events' }])
  expect(puppets.map(({ orders }) => orders.filter((one) => one.order === 'events').length)).toEqual([1, 0])
})
