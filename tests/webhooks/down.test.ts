import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { json } from '../harness/http.ts'
import { freePort } from '../harness/port.ts'
import { useSite } from '../harness/site.ts'

/** Receivers that are killed, that always fail, and one beside them that is well. */

const site = useSite({ env: { PORTOLAN_WEBHOOKS_GIVE_UP_MINUTES: '1' } })

/** A process of its own that answers every call with a status and says the tag of each on a line. */
const RECEIVER = `
  require('node:http').createServer(async (request, response) => {
    let text = ''
    for await (const piece of request) text += piece
    process.stdout.write(JSON.parse(text).event_data.resources[0].tag + '\\n')
    response.writeHead(Number(process.argv[2])).end()
  }).listen(Number(process.argv[1]), '127.0.0.1', () => process.stdout.write('listening\\n'))`

interface Receiver {
  url: string
  /** Tags in the order in which they came, over all of its lives. */
  heard: string[]
  start(): Promise<void>
  kill(): Promise<void>
}

const receivers: Receiver[] = []

async function openReceiver(status: number): Promise<Receiver> {
  const port = await freePort()
  let child: ChildProcess | undefined
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    heard: [],
    async start() {
      child = spawn(process.execPath, ['-e', RECEIVER, String(port), String(status)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let rest = ''
      const listening = new Promise<void>((resolve) => {
        child?.stdout?.on('data', (chunk: Buffer) => {
          const lines = (rest + chunk.toString()).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) if (line !== 'listening') receiver.heard.push(line)
          if (lines.includes('listening')) resolve()
        })
      })
      await listening
    },
    async kill() {
      if (child?.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
  await receiver.start()
  receivers.push(receiver)
  return receiver
}

const nameOf = (receiver: Receiver) => `hook-${receiver.url.replace(/\D/g, '')}`

async function tell(receiver: Receiver): Promise<() => Promise<unknown>> {
  const answer = await site.registry.send({
    method: 'POST',
    path: `/api/v2.0/projects/${site.project}/webhook/policies`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      name: nameOf(receiver),
      enabled: true,
      event_types: ['PUSH_ARTIFACT'],
      targets: [{ type: 'http', address: receiver.url }],
    }),
  })
  expect(answer.status).toBe(201)
  return async () => json(await site.registry.get(`${answer.headers.location}/state`))
}

/** As if the target had been down for a minute, and what waits for it had waited as long. */
async function aMinutePasses(receiver: Receiver): Promise<void> {
  const host = path.join(site.server.dataDirectory, 'postgres')
  const client = new pg.Client({ host, port: 5432, user: 'portolan', database: 'postgres' })
  await client.connect()
  const policy = `(SELECT id FROM webhook_policies WHERE name = '${nameOf(receiver)}')`
  await client.query(`
    UPDATE webhook_lanes SET failing_since = failing_since - interval '1 minute', retry_time = now()
    WHERE policy_id = ${policy};
    UPDATE webhook_deliveries SET queue_time = queue_time - interval '1 minute' WHERE policy_id = ${policy}`)
  await client.end()
}

/** At least once: what was on its way when somebody was killed may come twice, one behind the other. */
const distinct = (tags: string[]) => tags.filter((tag, at) => tag !== tags[at - 1])

let well: Receiver

beforeAll(async () => {
  well = await openReceiver(200)
})
afterAll(() => Promise.all(receivers.map((receiver) => receiver.kill())))

test('a receiver that is killed again and again gets everything, in order, once it is back', async () => {
  const mortal = await openReceiver(200)
  await tell(well)
  const stateOf = await tell(mortal)
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage('v0')
  const tags = ['v0']
  const push = async (count: number) => {
    for (let at = 0; at < count; at += 1) {
      const tag = `v${tags.length}`
      await repository.pushManifest(manifest, tag)
      tags.push(tag)
    }
  }

  for (let death = 0; death < 2; death += 1) {
    await push(4)
    await expect.poll(() => mortal.heard.length, { timeout: 30_000 }).toBeGreaterThan(death * 8 + 1)
    await mortal.kill()
    await push(4)
    // Whoever is well has not waited for it.
    await expect.poll(() => well.heard).toEqual(tags)
    expect(distinct(mortal.heard)).not.toEqual(tags)
    await mortal.start()
    await expect.poll(() => distinct(mortal.heard), { timeout: 60_000 }).toEqual(tags)
  }

  await expect.poll(stateOf, { timeout: 20_000 }).toMatchObject({ waiting: 0, dead_letters: 0 })
})

test('what is always refused, and what waits for one that is always down, ends in the dead letters, and others hear as ever', async () => {
  const refusing = await openReceiver(400)
  const failing = await openReceiver(503)
  const [ofRefusing, ofFailing] = [await tell(refusing), await tell(failing)]
  well.heard.length = 0
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage('w0')
  for (const tag of ['w1', 'w2']) await repository.pushManifest(manifest, tag)

  await expect.poll(() => well.heard).toEqual(['w0', 'w1', 'w2'])
  await expect.poll(ofRefusing, { timeout: 90_000 }).toMatchObject({ waiting: 0, dead_letters: 3 })
  await expect.poll(() => failing.heard.length, { timeout: 60_000 }).toBeGreaterThan(2)
  const before = await ofFailing()
  await aMinutePasses(failing)
  await expect.poll(ofFailing, { timeout: 60_000 }).toMatchObject({ waiting: 0, dead_letters: 3 })

  // Each as often as it is tried, in order, and the first of those that is down held up the others.
  expect(refusing.heard).toEqual(['w0', 'w0', 'w0', 'w1', 'w1', 'w1', 'w2', 'w2', 'w2'])
  expect(before).toMatchObject({ waiting: 3, dead_letters: 0 })
  expect(new Set(failing.heard)).toEqual(new Set(['w0']))
  await repository.pushManifest(manifest, 'w3')
  await expect.poll(() => well.heard).toEqual(['w0', 'w1', 'w2', 'w3'])
}, 240_000)
