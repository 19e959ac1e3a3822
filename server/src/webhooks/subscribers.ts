import type { Database } from '../platform/db/database.ts'
import { type Subscriber, subscriber } from '../platform/events/subscriber.ts'
import { type EnqueueDeps, enqueue } from './enqueue.ts'
import { deletePolicy, findPolicyIds } from './policy-store.ts'
import { TOLD_EVENTS, toWebhookEvents } from './sources.ts'

/** Hears what happens, and writes down whom it is to be told. */
export function webhookDeliveries(deps: EnqueueDeps): Subscriber {
  return subscriber({
    name: 'webhooks',
    types: TOLD_EVENTS,
    async handle(tx, events) {
      await enqueue(
        deps,
        tx,
        events.flatMap((event) => toWebhookEvents(event)),
      )
    },
  })
}

/** Removes the webhooks of deleted projects, and what waits for them. */
export const webhooksOfDeletedProjects = subscriber({
  name: 'webhooks-of-deleted-projects',
  types: ['project.deleted'],
  async handle(tx, events) {
    const ids = await findPolicyIds(
      tx,
      events.map((event) => event.payload.projectId),
    )
    for (const id of ids) await deletePolicy(tx, id)
  },
})

/** What is told of a pull: it has no event, for there are too many of them. */
export interface ToldPull {
  projectId: number
  projectName: string
  repositoryId: number
  repository: string
  digest: string
  tag?: string
  actor: { username: string } | undefined
  time: Date
}

/** Tells of pulls, within the transaction that writes them down. */
export async function tellPulls(deps: EnqueueDeps, tx: Database, pulls: readonly ToldPull[]): Promise<void> {
  await enqueue(
    deps,
    tx,
    pulls.map((pull) => ({
      type: 'PULL_ARTIFACT',
      time: pull.time,
      operator: pull.actor?.username ?? 'anonymous',
      projectId: pull.projectId,
      repository: { id: pull.repositoryId, projectName: pull.projectName, name: pull.repository },
      resources: [{ digest: pull.digest, tag: pull.tag }],
      customAttributes: {},
    })),
  )
}
