import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listenForScrapes, type MetricsListener } from './listener.ts'
import { createMetricsRegistry, type MetricsRegistry } from './registry.ts'

const log = pino({ level: 'silent' })
let metrics: MetricsRegistry
let listener: MetricsListener
let problem: string | undefined

beforeEach(async () => {
  problem = undefined
  metrics = await createMetricsRegistry(log)
  const health = async () => problem
  listener = await listenForScrapes({ address: '127.0.0.1', port: 0 }, { metrics, health, log })
})
afterEach(() => listener.close())

const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${listener.port}${path}`, init)

test('what was counted is shown, with what every process tells of itself', async () => {
  metrics.counter('portolan_things_total', 'Things', ['kind']).inc({ kind: 'a' }, 3)

  const answer = await ask('/metrics')

  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  const text = await answer.text()
  expect(text).toContain('portolan_things_total{kind="a"} 3\n')
  expect(text).toContain('process_resident_memory_bytes ')
})

test('figures that cannot be read keep the others from nothing', async () => {
  const gauge = metrics.gauge('portolan_level', 'Level', [])
  metrics.onScrape('broken', () => Promise.reject(new Error('no')))
  metrics.onScrape('level', () => gauge.set(7))

  expect(await (await ask('/metrics')).text()).toContain('portolan_level 7\n')
})

test('health is an answer for machines', async () => {
  const well = await ask('/healthz')
  problem = 'the database does not answer'
  const ill = await ask('/healthz')

  expect([well.status, await well.text()]).toEqual([200, 'healthy\n'])
  expect([ill.status, await ill.text()]).toEqual([503, 'the database does not answer\n'])
})

test('there is nothing else', async () => {
  const answers = [await ask('/'), await ask('/v2/'), await ask('/metrics', { method: 'POST' })]

  expect(answers.map(({ status }) => status)).toEqual([404, 404, 405])
})

test('a port that is taken is said in words', async () => {
  const again = listenForScrapes(
    { address: '127.0.0.1', port: listener.port },
    { metrics, health: async () => undefined, log },
  )

  await expect(again).rejects.toThrow(/cannot listen on 127.0.0.1:\d+ \(metrics.port\): EADDRINUSE/)
})
