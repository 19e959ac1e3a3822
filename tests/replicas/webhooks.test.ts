import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { json } from '../harness/http.ts'
import { useSite } from '../harness/site.ts'

/** Deliveries of webhooks when the program is killed in the middle of them. */

const site = useSite()

interface Heard {
  tag: string
  delivery: string
}

/** Takes its time, so that there is a middle; `refusing` answers as a target that is down. */
const receiver = {
  url: '',
  heard: [] as Heard[],
  refusing: false,
}
const server = createServer(async (request, response) => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  await sleep(30)
  if (receiver.refusing) {
    response.writeHead(503).end()
    return
  }
  const body = JSON.parse(Buffer.concat(pieces).toString('utf8'))
  receiver.heard.push({
    tag: body.event_data.resources[0].tag,
    delivery: String(request.headers['x-portolan-delivery']),
  })
  response.writeHead(200).end()
})

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const firstHeard = () => [...new Set(receiver.heard.map(({ tag }) => tag))]

async function makeWebhook(body: object = {}): Promise<string> {
  const answer = await site.registry.send({
    method: 'POST',
    path: `/api/v2.0/projects/${site.project}/webhook/policies`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      name: `hook-${Date.now()}`,
      enabled: true,
      event_types: ['PUSH_ARTIFACT'],
      targets: [{ type: 'http', address: receiver.url }],
      ...body,
    }),
  })
  expect(answer.status).toBe(201)

  return String(answer.headers.location)
}

describe('deliveries of webhooks', () => {
  test('all arrive, in order, when the program is killed in the middle of them', async () => {
    const policy = await makeWebhook()
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('v0')
    const tags = ['v0']

    for (let kill = 0; kill < 2; kill += 1) {
      for (let push = 0; push < 25; push += 1) {
        const tag = `v${tags.length}`
        await repository.pushManifest(manifest, tag)
        tags.push(tag)
      }
      const heard = receiver.heard.length
      await expect.poll(() => receiver.heard.length, { timeout: 30_000 }).toBeGreaterThan(heard + 3)
      await site.server.kill()
      await site.server.restart()
    }
    await expect.poll(firstHeard, { timeout: 60_000 }).toEqual(tags)
    await expect
      .poll(async () => json(await site.registry.get(`${policy}/state`)), { timeout: 20_000 })
      .toMatchObject({ waiting: 0, dead_letters: 0 })

    // At least once: what was on its way at each kill came again, under the same number, and nothing else did.
    const numbers = receiver.heard.map(({ delivery }) => Number(delivery))
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    expect(receiver.heard.length - tags.length).toBeLessThanOrEqual(2)
    expect(new Set(numbers).size).toBe(tags.length)
  })

  test('what waits for a target that is down outlives a kill, and arrives once it is back', async () => {
    receiver.refusing = true
    receiver.heard.length = 0
    await makeWebhook({ tag_pattern: 'w*' })
    const repository = site.newRepository()
    const { manifest } = await repository.pushImage('w0')
    for (const tag of ['w1', 'w2', 'x1', 'w3']) await repository.pushManifest(manifest, tag)
    await sleep(1500)

    await site.server.kill()
    await site.server.restart()
    await repository.pushManifest(manifest, 'w4')
    receiver.refusing = false

    await expect
      .poll(() => receiver.heard.map(({ tag }) => tag).filter((tag) => tag.startsWith('w')), {
        timeout: 60_000,
      })
      .toEqual(expect.arrayContaining(['w0', 'w1', 'w2', 'w3', 'w4']))
    expect(firstHeard().filter((tag) => tag.startsWith('w'))).toEqual(['w0', 'w1', 'w2', 'w3', 'w4'])
  })
})
