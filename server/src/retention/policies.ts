import type { Actor } from '../access/model.ts'
import { nextTime } from '../jobs/cron.ts'
import { setSchedule } from '../jobs/schedules/service.ts'
import { deleteSchedule, findSchedule } from '../jobs/schedules/store.ts'
import { deleteExecutionsOf } from '../jobs/store.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { payloadOf } from './event-payload.ts'
import { RETENTION } from './job.ts'
import { checkRules, type RetentionPolicy, type RetentionRule } from './model.ts'
import * as store from './store.ts'

/** Policies with their schedules. Whether the caller may is for those to ask who know whose the policy is. */

type Project = { id: number; name: string } | undefined

/** What somebody wants a policy to be. */
export interface PolicyContent {
  rules: RetentionRule[]
  /** Empty: no schedule. */
  cron: string
}

export interface ShownPolicy extends RetentionPolicy {
  cron: string
  nextTime: Date | undefined
}

const WHAT = 'scheduled tag retention'

/** The policy with its schedule. */
export async function showPolicy(db: Database, policy: RetentionPolicy): Promise<ShownPolicy> {
  const schedule = await findSchedule(db, RETENTION, policy.id)
  return { ...policy, cron: schedule?.cron ?? '', nextTime: schedule?.nextTime }
}

/** Throws bad-request, conflict. */
export function checkContent({ rules, cron }: PolicyContent): void {
  checkCron(cron)
  checkRules(rules)
}

/** Makes a policy and answers its id; undefined where there is one already. */
export async function insertPolicy(
  tx: Database,
  project: Project,
  { rules, cron }: PolicyContent,
  actor: Actor,
): Promise<number | undefined> {
  const id = await store.insertPolicy(tx, { projectId: project?.id, rules })
  if (id === undefined) return undefined
  await schedule(tx, id, cron)
  await emit(tx, { type: 'retention.created', payload: payloadOf(id, project, actor) })
  return id
}

/** Gives a policy other rules and another schedule; answers whether it is there. */
export async function replacePolicy(
  tx: Database,
  id: number,
  project: Project,
  { rules, cron }: PolicyContent,
  actor: Actor,
): Promise<boolean> {
  if (!(await store.updateRules(tx, id, rules))) return false
  await schedule(tx, id, cron)
  await emit(tx, { type: 'retention.updated', payload: payloadOf(id, project, actor) })
  return true
}

/**
 * Deletes a policy with its schedule and its runs; answers the tasks of the runs, whose logs are to be deleted when that is
 * committed, or undefined where there is no such policy.
 */
export async function dropPolicy(
  tx: Database,
  id: number,
  project: Project,
  actor: Actor,
): Promise<number[] | undefined> {
  if (!(await store.deletePolicy(tx, id))) return undefined
  await deleteSchedule(tx, RETENTION, id)
  // Who takes a policy away does not want its run to go on deleting.
  const taskIds = await deleteExecutionsOf(tx, RETENTION, id)
  await emit(tx, { type: 'retention.deleted', payload: payloadOf(id, project, actor) })
  return taskIds
}

/** Seconds would only make many replicas wake up at once. */
function checkCron(cron: string): void {
  if (cron === '') return
  nextTime(cron, new Date(), WHAT)
  if (cron.trim().split(/\s+/)[0] !== '0') {
    throw new DomainError(
      'bad-request',
      `invalid cron string for ${WHAT}: ${cron}, error: the 1st field (indicating Seconds of time) of the cron setting must be 0`,
    )
  }
}

async function schedule(tx: Database, id: number, cron: string): Promise<void> {
  if (cron === '') await deleteSchedule(tx, RETENTION, id)
  else
    await setSchedule(tx, {
      vendorType: RETENTION,
      vendorId: id,
      type: 'Custom',
      cron,
      parameters: {},
      what: WHAT,
    })
}
