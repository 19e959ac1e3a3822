import { expect } from 'vitest'
import type { Row } from './row.ts'
import { ask, read, type World } from './world.ts'

interface Run {
  id: number
  job_status: string
  job_parameters: string
}

/** A job of the system in Harbor's operations: how it is called there, and what it is started with. */
interface SystemJob {
  path: string
  idName: string
  name: string
  /** What its log says in a dry run. */
  says: string
  parameters: object
  operations: Record<'create' | 'schedule' | 'update' | 'history' | 'one' | 'log' | 'stop', string>
}

const JOBS: readonly SystemJob[] = [
  {
    path: '/system/gc',
    idName: 'gc_id',
    name: 'GARBAGE_COLLECTION',
    says: 'looks for artifacts without tags and blobs that nothing references',
    parameters: { delete_untagged: true },
    operations: {
      create: 'createGCSchedule',
      schedule: 'getGCSchedule',
      update: 'updateGCSchedule',
      history: 'getGCHistory',
      one: 'getGC',
      log: 'getGCLog',
      stop: 'stopGC',
    },
  },
  {
    path: '/system/purgeaudit',
    idName: 'purge_id',
    name: 'PURGE_AUDIT_LOG',
    says: '0 entries would be deleted',
    parameters: { audit_retention_hour: 240_000, include_event_types: 'create_artifact' },
    operations: {
      create: 'createPurgeSchedule',
      schedule: 'getPurgeSchedule',
      update: 'updatePurgeSchedule',
      history: 'getPurgeHistory',
      one: 'getPurgeJob',
      log: 'getPurgeJobLog',
      stop: 'stopPurge',
    },
  },
]

/** Jobs of the system are the system administrator's. */
export const SYSTEM_JOB_ROWS: Row[] = [
  ...JOBS.flatMap(rowsOf),
  {
    operation: 'getGCCandidates',
    arrange: async (world) => ({ path: { gc_id: await makeRun(world, '/system/gc', {}) } }),
    refused: 'projectAdmin',
    wrongParent: () => ({ gc_id: 99_999_999 }),
    check: ({ answer }) => expect(JSON.parse(answer.body.toString())).toHaveProperty('total.blobs', 0),
  },
]

function rowsOf({ path, idName, name, says, parameters, operations }: SystemJob): Row[] {
  const daily = { schedule: { type: 'Daily', cron: '0 0 0 * * *' }, parameters }
  const arrangeRun = async (world: World) => ({ path: { [idName]: await makeRun(world, path, parameters) } })
  const wrongParent = () => ({ [idName]: 99_999_999 })
  const refused = 'projectAdmin' as const

  return [
    {
      operation: operations.create,
      arrange: () => ({ body: daily }),
      refused,
      check: async ({ world }) =>
        expect(await read(world, '/schedules')).toContainEqual(
          expect.objectContaining({ vendor_type: name, cron: '0 0 0 * * *' }),
        ),
    },
    {
      operation: operations.schedule,
      arrange: async (world) => {
        await ask(world.admin, 'PUT', `/api/v2.0${path}/schedule`, daily)
        return {}
      },
      refused,
      check: ({ body }) =>
        expect(body).toMatchObject({ job_kind: '0 0 0 * * *', schedule: { type: 'Daily' } }),
    },
    {
      operation: operations.update,
      arrange: () => ({ body: { schedule: { type: 'None' }, parameters } }),
      refused,
      check: async ({ world }) => {
        const answer = await world.admin.get(`/api/v2.0${path}/schedule`)
        expect(answer.body.toString()).toBe('')
      },
    },
    {
      operation: operations.history,
      arrange: async (world) => {
        await makeRun(world, path, parameters)
        return { query: { page_size: '1', sort: '-creation_time' } }
      },
      refused,
      check: ({ body }) =>
        expect(body).toMatchObject([{ job_name: name, job_kind: 'MANUAL', job_status: 'Success' }]),
    },
    {
      operation: operations.one,
      arrange: arrangeRun,
      refused,
      wrongParent,
      check: ({ body }) =>
        expect(JSON.parse((body as Run).job_parameters)).toMatchObject({ ...parameters, dry_run: true }),
    },
    {
      operation: operations.log,
      arrange: arrangeRun,
      refused,
      wrongParent,
      check: ({ answer }) => expect(answer.body.toString()).toContain(says),
    },
    { operation: operations.stop, arrange: arrangeRun, refused, wrongParent },
  ]
}

/** A dry run that is over. */
async function makeRun(world: World, path: string, parameters: object): Promise<number> {
  const answer = await ask(world.admin, 'POST', `/api/v2.0${path}/schedule`, {
    schedule: { type: 'Manual' },
    parameters: { ...parameters, dry_run: true },
  })
  const id = Number(/(\d+)$/.exec(answer.headers.location ?? '')?.[1])
  for (let tries = 0; tries < 200; tries += 1) {
    const run = await read<Run>(world, `${path}/${id}`)
    if (['Success', 'Error', 'Stopped'].includes(run.job_status)) return id
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the run does not end')
}
