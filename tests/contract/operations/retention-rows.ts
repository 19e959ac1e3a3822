import { expect } from 'vitest'
import { uniqueName } from '../../harness/project.ts'
import type { CallOfRow, Row } from './row.ts'
import { ask, create, read, type World } from './world.ts'

const MISSING = () => ({ id: 999_999_999 })

/** Keeps everything, so that other rows find what they have pushed. */
export const bodyOf = (ref: number, cron = '') => ({
  algorithm: 'or',
  rules: [
    {
      action: 'retain',
      template: 'always',
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: uniqueName('v') }],
      scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
    },
    {
      action: 'retain',
      template: 'latestPushedK',
      params: { latestPushedK: 1000 },
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
      scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
    },
  ],
  trigger: { kind: 'Schedule', settings: { cron } },
  scope: { level: 'project', ref },
})

/** The project's own policy, made where there is none. */
async function policyOf(world: World): Promise<number> {
  const project = (await read(world, `/projects/${world.project.id}`)) as {
    metadata: { retention_id?: string }
  }
  const known = project.metadata.retention_id
  return known ? Number(known) : await create(world.admin, '/api/v2.0/retentions', bodyOf(world.project.id))
}

async function ofPolicy(world: World): Promise<CallOfRow> {
  return { path: { id: await policyOf(world) } }
}

async function ofRun(world: World): Promise<CallOfRow> {
  const id = await policyOf(world)
  const eid = await create(world.admin, `/api/v2.0/retentions/${id}/executions`, { dry_run: true })
  return { path: { id, eid } }
}

async function ofTask(world: World): Promise<CallOfRow> {
  const call = await ofRun(world)
  const tasks = (await read(world, `/retentions/${call.path?.id}/executions/${call.path?.eid}/tasks`)) as {
    id: number
  }[]
  return { path: { ...call.path, tid: tasks[0]?.id ?? 0 } }
}

/** Retention: the policy of a project, and its runs. No path names the project. */
export const RETENTION_ROWS: Row[] = [
  {
    operation: 'getRentenitionMetadata',
    as: 'stranger',
    refused: 'anonymous',
    check: ({ body }) =>
      expect(body).toMatchObject({
        templates: expect.arrayContaining([expect.objectContaining({ rule_template: 'always' })]),
      }),
  },
  {
    operation: 'createRetention',
    arrange: async (world) => {
      const call = await ofPolicy(world)
      await ask(world.admin, 'DELETE', `/api/v2.0/retentions/${call.path?.id}`)
      return { body: bodyOf(world.project.id) }
    },
    as: 'developer',
    refused: 'guest',
    check: async ({ world, answer, call }) => {
      const made = await read(world, String(answer.headers.location).replace('/api/v2.0', ''))
      expect(made).toMatchObject(call.body as object)
    },
  },
  {
    operation: 'getRetention',
    arrange: ofPolicy,
    as: 'developer',
    refused: 'guest',
    wrongParent: MISSING,
    check: ({ body, world }) =>
      expect(body).toMatchObject({ scope: { level: 'project', ref: world.project.id } }),
  },
  {
    operation: 'updateRetention',
    arrange: async (world) => ({ ...(await ofPolicy(world)), body: bodyOf(world.project.id, '0 0 3 * * *') }),
    as: 'developer',
    refused: 'guest',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect(await read(world, `/retentions/${call.path?.id}`)).toMatchObject({
        trigger: {
          settings: { cron: '0 0 3 * * *', next_scheduled_time: expect.stringContaining('T03:00') },
        },
      }),
  },
  {
    operation: 'deleteRetention',
    arrange: ofPolicy,
    as: 'developer',
    refused: 'guest',
    wrongParent: MISSING,
    wrongStatus: 400,
    check: async ({ world, call }) =>
      expect((await world.admin.get(`/api/v2.0/retentions/${call.path?.id}`)).status).toBe(404),
  },
  {
    operation: 'triggerRetentionExecution',
    arrange: async (world) => ({ ...(await ofPolicy(world)), body: { dry_run: true } }),
    status: 201,
    as: 'developer',
    refused: 'guest',
    wrongParent: MISSING,
    wrongStatus: 400,
    check: async ({ world, call }) =>
      expect(await read(world, `/retentions/${call.path?.id}/executions`)).toMatchObject([
        { dry_run: true, trigger: 'MANUAL' },
      ]),
  },
  {
    operation: 'listRetentionExecutions',
    arrange: async (world) => ({ path: { id: (await ofRun(world)).path?.id ?? 0 }, query: { page_size: 1 } }),
    as: 'developer',
    refused: 'guest',
    wrongParent: MISSING,
    wrongStatus: 400,
    check: ({ body, call }) => expect(body).toMatchObject([{ policy_id: call.path?.id, dry_run: true }]),
  },
  {
    operation: 'operateRetentionExecution',
    arrange: async (world) => ({ ...(await ofRun(world)), body: { action: 'stop' } }),
    as: 'developer',
    refused: 'guest',
    wrongParent: elsewhere,
    check: async ({ world, call }) => {
      const [run] = (await read(world, `/retentions/${call.path?.id}/executions?page_size=1`)) as object[]
      expect(run).toMatchObject({
        id: call.path?.eid,
        status: expect.stringMatching(/Stopped|Success|Running/),
      })
    },
  },
  {
    operation: 'listRetentionTasks',
    arrange: ofRun,
    as: 'developer',
    refused: 'guest',
    wrongParent: elsewhere,
    check: ({ body, call }) =>
      expect(body).toContainEqual(
        expect.objectContaining({ execution_id: call.path?.eid, repository: 'images' }),
      ),
  },
  {
    operation: 'getRetentionTaskLog',
    arrange: ofTask,
    as: 'developer',
    refused: 'guest',
    wrongParent: elsewhere,
    check: ({ answer }) => expect(answer.headers['content-type']).toContain('text/plain'),
  },
]

/** The run exists, of another policy. */
function elsewhere(_: World, call: CallOfRow): Record<string, number> {
  return { eid: Number(call.path?.eid) + 1_000_000 }
}
