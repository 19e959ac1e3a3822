import { randomUUID } from 'node:crypto'
import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import type { StoredEvent } from '../platform/events/subscriber.ts'
import { addProject, projectsDeps } from '../projects/testing.ts'
import { webhookDeliveries } from './subscribers.ts'
import { openReceiver, type Receiver, webhooksDeps } from './testing.ts'
import { createWebhookWorker, type WebhookWorkerDeps } from './worker.ts'

/** For database tests: a project in which things happen, receivers that hear of them, and workers. */
export function openStage(db: Database, actor: Actor) {
  const deps = webhooksDeps(db)
  const closing: (() => Promise<void>)[] = []
  const project = { id: 0, name: '' }

  async function hear(events: Pick<StoredEvent, 'type' | 'payload'>[]): Promise<void> {
    const subscriber = webhookDeliveries(deps)
    const stored = events.map((event) => ({ id: 1, occurrenceTime: new Date(), ...event }))
    await db.transaction().execute((tx) => subscriber.handle(tx, stored))
  }

  return {
    deps,
    project,
    /** Before each test: a project of its own. */
    async begin(): Promise<void> {
      project.name = `p-${randomUUID()}`
      project.id = await addProject(projectsDeps(db), actor, project.name)
    },
    /** After each test. */
    async end(): Promise<void> {
      for (const close of closing.splice(0).reverse()) await close()
      await db.deleteFrom('webhook_policies').execute()
    },
    async receiver(port?: number): Promise<Receiver> {
      const opened = await openReceiver(port)
      closing.push(() => opened.close().catch(() => undefined))
      return opened
    },
    work(more: Partial<WebhookWorkerDeps> = {}): void {
      const worker = createWebhookWorker({ ...deps, ...more })
      worker.start()
      closing.push(worker.stop)
    },
    /** Hands events to the subscriber, as the dispatcher does. */
    hear,
    /** Pushes of these tags. */
    async push(...tags: string[]): Promise<void> {
      await hear(
        tags.map((tag) => ({
          type: 'artifact.pushed',
          payload: {
            projectId: project.id,
            projectName: project.name,
            repository: 'app',
            digest: 'sha256:aa',
            tags: [tag],
            actor,
          },
        })),
      )
    },
    states(policyId: number) {
      return db
        .selectFrom('webhook_deliveries')
        .select(['status', 'attempts', 'status_message'])
        .where('policy_id', '=', policyId)
        .orderBy('id')
        .execute()
    },
  }
}

/** The tags that a receiver has heard of. */
export function tagsOf({ heard }: Receiver): string[] {
  return heard.map(({ body }) => JSON.parse(body).event_data.resources[0].tag)
}

/** `v0`, `v1` … */
export function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `v${index}`)
}
