import { expect } from 'vitest'
import { json } from '../../harness/http.ts'
import type { Row } from './row.ts'
import { ask, read, type World } from './world.ts'

interface Run {
  id: number
  job_status: string
  job_parameters: string
}

/** A dry run that is over. */
async function makeRun(world: World): Promise<number> {
  const answer = await ask(world.admin, 'POST', '/api/v2.0/system/gc/schedule', {
    schedule: { type: 'Manual' },
    parameters: { dry_run: true },
  })
  const id = Number(/(\d+)$/.exec(answer.headers.location ?? '')?.[1])
  for (let tries = 0; tries < 200; tries += 1) {
    const run = await read<Run>(world, `/system/gc/${id}`)
    if (['Success', 'Error', 'Stopped'].includes(run.job_status)) return id
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the run does not end')
}

const DAILY = { schedule: { type: 'Daily', cron: '0 0 0 * * *' }, parameters: { delete_untagged: true } }
const MISSING = () => ({ gc_id: 99_999_999 })

/** Reclaiming space is the system administrator's. */
export const GC_ROWS: Row[] = [
  {
    operation: 'createGCSchedule',
    arrange: () => ({ body: DAILY }),
    refused: 'projectAdmin',
    check: async ({ world }) =>
      expect(await read(world, '/schedules')).toContainEqual(
        expect.objectContaining({ vendor_type: 'GARBAGE_COLLECTION', cron: '0 0 0 * * *' }),
      ),
  },
  {
    operation: 'getGCSchedule',
    arrange: async (world) => {
      await ask(world.admin, 'PUT', '/api/v2.0/system/gc/schedule', DAILY)
      return {}
    },
    refused: 'projectAdmin',
    check: ({ body }) => expect(body).toMatchObject({ job_kind: '0 0 0 * * *', schedule: { type: 'Daily' } }),
  },
  {
    operation: 'updateGCSchedule',
    arrange: () => ({ body: { schedule: { type: 'None' }, parameters: {} } }),
    refused: 'projectAdmin',
    check: async ({ world }) => {
      const answer = await world.admin.get('/api/v2.0/system/gc/schedule')
      expect(answer.body.toString()).toBe('')
    },
  },
  {
    operation: 'getGCHistory',
    arrange: async (world) => {
      await makeRun(world)
      return { query: { page_size: '1', sort: '-creation_time' } }
    },
    refused: 'projectAdmin',
    check: ({ body }) =>
      expect(body).toMatchObject([
        { job_name: 'GARBAGE_COLLECTION', job_kind: 'MANUAL', job_status: 'Success' },
      ]),
  },
  {
    operation: 'getGC',
    arrange: async (world) => ({ path: { gc_id: await makeRun(world) } }),
    refused: 'projectAdmin',
    wrongParent: MISSING,
    check: ({ body }) =>
      expect(JSON.parse((body as Run).job_parameters)).toMatchObject({ dry_run: true, purged_blobs: 0 }),
  },
  {
    operation: 'getGCLog',
    arrange: async (world) => ({ path: { gc_id: await makeRun(world) } }),
    refused: 'projectAdmin',
    wrongParent: MISSING,
    check: async ({ answer, world }) => {
      expect(answer.body.toString()).toContain('looks for blobs that nothing references')
      // The job service knows the same log by the name of the job.
      expect(json(await world.admin.get('/api/v2.0/jobservice/queues'))).toContainEqual({
        job_type: 'GARBAGE_COLLECTION',
        paused: false,
      })
    },
  },
  {
    operation: 'stopGC',
    arrange: async (world) => ({ path: { gc_id: await makeRun(world) } }),
    refused: 'projectAdmin',
    wrongParent: MISSING,
  },
]
