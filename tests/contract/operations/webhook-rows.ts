import { expect } from 'vitest'
import { uniqueName } from '../../harness/project.ts'
import type { CallOfRow, Row } from './row.ts'
import { ask, create, read, type World } from './world.ts'

/** The webhook exists, and not below this project. */
const ELSEWHERE = (world: World) => ({ project_name_or_id: world.other.id })

/** Nobody listens there: what is sent fails at once. */
const NOWHERE = 'http://127.0.0.1:9/hook'

const bodyOf = (name: string) => ({
  name,
  description: 'of the tests',
  enabled: true,
  event_types: ['PUSH_ARTIFACT'],
  targets: [{ type: 'http', address: NOWHERE, payload_format: 'Default' }],
})

async function ofNewPolicy(world: World): Promise<CallOfRow> {
  const id = await create(
    world.admin,
    `/api/v2.0/projects/${world.project.id}/webhook/policies`,
    bodyOf(uniqueName('hook')),
  )
  return { path: { project_name_or_id: world.project.id, webhook_policy_id: id } }
}

async function ofNewDelivery(world: World): Promise<CallOfRow> {
  const call = await ofNewPolicy(world)
  const { project_name_or_id: project, webhook_policy_id: policy } = call.path ?? {}
  const answer = await ask(
    world.admin,
    'POST',
    `/api/v2.0/projects/${project}/webhook/policies/${policy}/test`,
    {},
  )
  const { execution_id } = JSON.parse(answer.body.toString('utf8')) as { execution_id: number }
  return { path: { ...call.path, execution_id } }
}

/** Webhooks of a project, and what they have sent. */
export const WEBHOOK_ROWS: Row[] = [
  {
    operation: 'GetSupportedEventTypes',
    arrange: (world) => ({ path: { project_name_or_id: world.project.id } }),
    as: 'maintainer',
    refused: 'developer',
    wrongParent: () => ({ project_name_or_id: 'no-such-project' }),
    check: ({ body }) =>
      expect(body).toMatchObject({ event_type: expect.arrayContaining(['TAG_RETENTION']) }),
  },
  {
    operation: 'ListWebhookPoliciesOfProject',
    arrange: async (world) => ({
      path: { project_name_or_id: (await ofNewPolicy(world)).path?.project_name_or_id ?? 0 },
      query: { sort: '-id', page_size: 1 },
    }),
    as: 'maintainer',
    refused: 'developer',
    wrongParent: () => ({ project_name_or_id: 'no-such-project' }),
    check: ({ body }) => expect(body).toMatchObject([{ targets: [{ address: NOWHERE }], enabled: true }]),
  },
  {
    operation: 'CreateWebhookPolicyOfProject',
    arrange: (world) => ({
      path: { project_name_or_id: world.project.id },
      body: bodyOf(uniqueName('hook')),
    }),
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: () => ({ project_name_or_id: 'no-such-project' }),
    check: async ({ world, answer, call }) => {
      const made = await read(world, String(answer.headers.location).replace('/api/v2.0', ''))
      expect(made).toMatchObject(call.body as object)
    },
  },
  {
    operation: 'GetWebhookPolicyOfProject',
    arrange: ofNewPolicy,
    as: 'maintainer',
    refused: 'developer',
    wrongParent: ELSEWHERE,
    check: ({ body, call }) => expect(body).toMatchObject({ id: call.path?.webhook_policy_id }),
  },
  {
    operation: 'UpdateWebhookPolicyOfProject',
    arrange: async (world) => ({
      ...(await ofNewPolicy(world)),
      body: { ...bodyOf(uniqueName('hook')), enabled: false },
    }),
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) =>
      expect(
        await read(world, `/projects/${world.project.id}/webhook/policies/${call.path?.webhook_policy_id}`),
      ).toMatchObject({ enabled: false }),
  },
  {
    operation: 'DeleteWebhookPolicyOfProject',
    arrange: ofNewPolicy,
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) => {
      const path = `/api/v2.0/projects/${world.project.id}/webhook/policies/${call.path?.webhook_policy_id}`
      expect((await world.admin.get(path)).status).toBe(404)
    },
  },
  {
    operation: 'ListExecutionsOfWebhookPolicy',
    arrange: async (world) => {
      const { execution_id: _, ...path } = (await ofNewDelivery(world)).path ?? {}
      return { path }
    },
    as: 'maintainer',
    refused: 'developer',
    wrongParent: ELSEWHERE,
    check: ({ body }) =>
      expect(body).toMatchObject([{ status: 'Error', trigger: 'MANUAL', metrics: { error_task_count: 1 } }]),
  },
  {
    operation: 'ListTasksOfWebhookExecution',
    arrange: ofNewDelivery,
    as: 'maintainer',
    refused: 'developer',
    wrongParent: ELSEWHERE,
    check: ({ body, call }) =>
      expect(body).toMatchObject([{ execution_id: call.path?.execution_id, status: 'Error', run_count: 1 }]),
  },
  {
    operation: 'GetLogsOfWebhookTask',
    arrange: async (world) => {
      const call = await ofNewDelivery(world)
      return { path: { ...call.path, task_id: call.path?.execution_id ?? 0 } }
    },
    as: 'maintainer',
    refused: 'developer',
    wrongParent: ELSEWHERE,
    check: ({ answer }) => expect(answer.body.toString('utf8')).toContain('ECONNREFUSED'),
  },
  {
    operation: 'LastTrigger',
    arrange: async (world) => {
      const { project_name_or_id } = (await ofNewPolicy(world)).path ?? {}
      return { path: { project_name_or_id: project_name_or_id ?? 0 } }
    },
    as: 'maintainer',
    refused: 'developer',
    wrongParent: () => ({ project_name_or_id: 'no-such-project' }),
    check: ({ body }) =>
      expect(body).toContainEqual(expect.objectContaining({ event_type: 'PUSH_ARTIFACT' })),
  },
  {
    operation: 'ListWebhookJobs',
    arrange: async (world) => {
      const { project_name_or_id, webhook_policy_id } = (await ofNewDelivery(world)).path ?? {}
      return {
        path: { project_name_or_id: project_name_or_id ?? 0 },
        query: { policy_id: webhook_policy_id ?? 0, status: 'Error' },
      }
    },
    as: 'maintainer',
    refused: 'developer',
    wrongParent: ELSEWHERE,
    check: ({ body }) => expect(body).toMatchObject([{ status: 'Error', notify_type: 'http' }]),
  },
]
