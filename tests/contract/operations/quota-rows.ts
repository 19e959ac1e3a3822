import { expect } from 'vitest'
import { json } from '../../harness/http.ts'
import type { Row } from './row.ts'
import { makeProject, read, type World } from './world.ts'

interface QuotaOnWire {
  id: number
  hard: { storage: number }
  used: { storage: number }
}

async function quotaOf(world: World, projectId: number): Promise<QuotaOnWire> {
  const list = await read<QuotaOnWire[]>(world, `/quotas?reference=project&reference_id=${projectId}`)
  if (!list[0]) throw new Error(`project ${projectId} has no quota`)

  return list[0]
}

const MISSING = () => ({ id: 99_999_999 })

/** Quotas are the system administrator's; a project's members see theirs in its summary. */
export const QUOTA_ROWS: Row[] = [
  {
    operation: 'listQuotas',
    arrange: () => ({ query: { sort: '-used.storage' } }),
    refused: 'projectAdmin',
    check: ({ body }) => {
      const used = (body as QuotaOnWire[]).map((quota) => quota.used.storage)
      expect(used[0]).toBeGreaterThan(0)
      expect(used).toEqual(used.toSorted((a, b) => b - a))
    },
  },
  {
    operation: 'getQuota',
    arrange: async (world) => ({ path: { id: (await quotaOf(world, world.project.id)).id } }),
    refused: 'projectAdmin',
    wrongParent: MISSING,
    check: ({ body, world }) =>
      expect(body).toMatchObject({ ref: { id: world.project.id, name: world.project.name } }),
  },
  {
    operation: 'updateQuota',
    arrange: async (world) => {
      const { id } = await quotaOf(world, (await makeProject(world.admin, { empty: true })).id)
      return { path: { id }, body: { hard: { storage: 4096 } } }
    },
    refused: 'projectAdmin',
    wrongParent: MISSING,
    check: async ({ world, call }) => {
      const answer = await world.admin.get(`/api/v2.0/quotas/${call.path?.id}`)
      expect(json(answer)).toMatchObject({ hard: { storage: 4096 }, used: { storage: 0 } })
    },
  },
]
