import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { createProject } from '../harness/project.ts'
import { openRepository } from '../harness/repository.ts'
import { often, type Work } from './work.ts'

const DELIVERIES = often ? 20 : 8

interface Heard {
  id: string | undefined
  tag: string
}

/** Messages to one target: each arrives, in order; one whose outcome was not written comes once more, under the same id. */
export const webhooks: Work = {
  kind: 'WEBHOOK',
  factory: undefined,
  async prepare(site) {
    const { name } = await createProject(site.web)
    const receiver = await openReceiver()
    const policy = await site.send('POST', `projects/${name}/webhook/policies`, {
      name: 'all',
      enabled: true,
      event_types: ['PUSH_ARTIFACT'],
      targets: [{ type: 'http', address: receiver.url }],
    })
    expect(policy.status).toBe(201)
    const id = policy.location.split('/').at(-1)
    const repository = openRepository(site.admin, `${name}/app`)
    const tags = Array.from({ length: DELIVERIES }, (_, at) => `v${at}`)
    const { manifest } = await repository.pushImage(tags[0])
    for (const tag of tags.slice(1)) await repository.pushManifest(manifest, tag)
    const deliveries = `SELECT id::text, status, attempts, log FROM webhook_deliveries WHERE policy_id = $1 ORDER BY webhook_deliveries.id`
    await expect.poll(() => site.ask(deliveries, [id]), { timeout: 15_000 }).toHaveLength(DELIVERIES)

    return async () => {
      await receiver.close()
      const rows = await site.ask<{ id: string; status: string; attempts: number; log: string }>(deliveries, [
        id,
      ])
      expect(receiver.heard.filter((each, at) => each.id !== receiver.heard[at - 1]?.id)).toEqual(
        rows.map((row, at) => ({ id: row.id, tag: tags[at] })),
      )
      // One kill, one call at a time: no more than one of them was made twice.
      expect(receiver.heard.length).toBeLessThanOrEqual(DELIVERIES + 1)
      for (const { status, attempts, log } of rows) {
        expect([status, attempts, log.split('attempt 1: the target answered 200').length]).toEqual([
          'Success',
          1,
          2,
        ])
      }
    }
  },
}

async function openReceiver(): Promise<{ url: string; heard: Heard[]; close(): Promise<void> }> {
  const heard: Heard[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const piece of request) text += String(piece)
    const id = request.headers['x-portolan-delivery']
    heard.push({ id: String(id), tag: JSON.parse(text).event_data.resources[0].tag })
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/hook`,
    heard,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
