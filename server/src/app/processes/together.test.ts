import pino from 'pino'
import { beforeEach, expect, test } from 'vitest'
import { createMetricsRegistry, type MetricsRegistry } from '../../platform/metrics/registry.ts'
import { createAsking } from './asking.ts'
import type { Child } from './family.ts'
import { createTogether, type Together } from './together.ts'

const log = pino({ level: 'silent' })

interface Fake extends Child {
  metrics: MetricsRegistry
  problem: string | undefined
  silent: boolean
}

let children: Fake[]
let together: Together
const asking = createAsking()

beforeEach(async () => {
  children = [await fake(1), await fake(2)]
  const family = { ready: () => children }
  together = await createTogether({ log, family, asking, count: 2 })
})

async function fake(pid: number): Promise<Fake> {
  const metrics = await createMetricsRegistry(log)
  const self: Fake = {
    pid,
    metrics,
    problem: undefined,
    silent: false,
    kill: () => undefined,
    async send(order) {
      if (order.order !== 'ask' || self.silent) return
      const value = order.about === 'figures' ? await metrics.values() : self.problem
      // As it comes out at the other end of a line between processes.
      asking.answered(JSON.parse(JSON.stringify({ word: 'answer', id: order.id, value })))
    },
  }
  metrics.counter('things_total', 'Things', ['kind']).inc({ kind: 'a' }, pid * 10)
  metrics.gauge('open', 'Open', []).set(pid)
  metrics.histogram('seconds', 'Seconds', [], [1, 2]).observe(1.5)

  return self
}

async function sample(name: string): Promise<number | undefined> {
  const { body } = await together.metrics.text()
  const line = body.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

function lose(child: Fake | undefined): void {
  if (child === undefined) throw new Error('there is none')
  children = children.filter((one) => one !== child)
  asking.forget(child.pid)
  together.lost(child)
}

test('counters, gauges and histograms of all are added up', async () => {
  expect(await sample('things_total{kind="a"}')).toBe(30)
  expect(await sample('open')).toBe(3)
  expect(await sample('seconds_count')).toBe(2)
  expect(await sample('seconds_bucket{le="2"}')).toBe(2)
  expect(await sample('portolan_processes{state="ready"}')).toBe(2)
  expect(await sample('portolan_processes{state="wanted"}')).toBe(2)
})

test('what those had counted that are gone is not lost, what they had open is', async () => {
  await sample('open')

  for (let pid = 3; pid < 20; pid += 1) {
    lose(children[0])
    children.push(await fake(pid))
    await sample('open')
  }

  // 1 + … + 19, ten of each.
  expect(await sample('things_total{kind="a"}')).toBe(1900)
  expect(await sample('seconds_count')).toBe(19)
  expect(await sample('open')).toBe(18 + 19)
  expect(await sample('portolan_processes_replaced_total')).toBe(17)
})

test('one that dies while it is asked holds nobody up', async () => {
  const [first] = children
  if (first) first.silent = true

  const answer = sample('things_total{kind="a"}')
  lose(first)

  expect(await answer).toBe(20)
})

test('all are well when each is', async () => {
  const well = await together.health()
  const [first] = children
  if (first) first.problem = 'the database does not answer'
  const ill = await together.health()
  lose(first)

  expect([well, ill]).toEqual([undefined, 'the database does not answer'])
  expect(await together.health()).toBe('1 of 2 processes answer')
})
