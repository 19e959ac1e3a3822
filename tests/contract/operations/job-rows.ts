import { expect } from 'vitest'
import type { Row } from './row.ts'
import { ask, read } from './world.ts'

/** What runs behind the scenes is the system administrator's. */
export const JOB_ROWS: Row[] = [
  {
    operation: 'getWorkerPools',
    refused: 'stranger',
    check: ({ body }) => expect(body).toMatchObject([{ concurrency: 10 }]),
  },
  {
    operation: 'getWorkers',
    arrange: async (world) => {
      const [pool] = await read<{ worker_pool_id: string }[]>(world, '/jobservice/pools')
      return { path: { pool_id: pool?.worker_pool_id ?? '' } }
    },
    refused: 'projectAdmin',
    wrongParent: () => ({ pool_id: 'nothing' }),
    check: ({ body }) => expect(body).toHaveLength(10),
  },
  {
    operation: 'stopRunningJob',
    // Of a job that there is not nothing is said, as in Harbor.
    arrange: () => ({ path: { job_id: '0123456789abcdef01234567' } }),
    refused: 'projectAdmin',
    wrongParent: () => ({ job_id: 'nothing' }),
    wrongStatus: 200,
  },
  {
    operation: 'actionGetJobLog',
    arrange: () => ({ path: { job_id: '0123456789abcdef01234567' } }),
    status: 404,
    refused: 'projectAdmin',
    wrongParent: () => ({ job_id: 'nothing' }),
    check: ({ body }) => expect(JSON.stringify(body)).toContain('object is not found'),
  },
  {
    operation: 'listJobQueues',
    refused: 'stranger',
    check: ({ body }) => expect(body).toContainEqual({ job_type: 'REPLICATION', paused: false }),
  },
  {
    operation: 'actionPendingJobs',
    arrange: () => ({ path: { job_type: 'REPLICATION' }, body: { action: 'pause' } }),
    refused: 'projectAdmin',
    wrongParent: () => ({ job_type: 'NOTHING' }),
    wrongStatus: 200,
    check: async ({ world }) => {
      const queues = await read<{ job_type: string; paused: boolean }[]>(world, '/jobservice/queues')
      expect(queues.filter((queue) => queue.paused).map((queue) => queue.job_type)).toEqual(['REPLICATION'])
      await ask(world.admin, 'PUT', '/api/v2.0/jobservice/queues/all', { action: 'resume' })
    },
  },
  {
    operation: 'listSchedules',
    refused: 'projectAdmin',
    check: ({ body }) => expect(body).toEqual(expect.any(Array)),
  },
  {
    operation: 'getSchedulePaused',
    arrange: () => ({ path: { job_type: 'all' } }),
    as: 'stranger',
    refused: 'anonymous',
    wrongParent: () => ({ job_type: 'REPLICATION' }),
    wrongStatus: 400,
    check: ({ body }) => expect(body).toEqual({ paused: false }),
  },
]
