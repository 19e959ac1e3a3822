import { expect } from 'vitest'
import type { Row } from './row.ts'
import { read } from './world.ts'

/** What spans everything: search, statistics, the system's allow list, the catalogue of permissions. */
export const VIEW_ROWS: Row[] = [
  {
    operation: 'search',
    arrange: (world) => ({ query: { q: world.project.name } }),
    as: 'limitedGuest',
    refused: { query: { q: '' }, status: 422 },
    check: ({ body, world }) =>
      expect(body).toMatchObject({
        project: [{ project_id: world.project.id }],
        repository: expect.arrayContaining([
          expect.objectContaining({ repository_name: `${world.project.name}/images`, artifact_count: 1 }),
        ]),
      }),
  },
  {
    operation: 'getStatistic',
    as: 'guest',
    refused: 'anonymous',
    check: async ({ body, world }) => {
      expect(body).toMatchObject({ private_project_count: 1, total_project_count: 0 })
      const all = await read<{ total_project_count: number }>(world, '/statistics')
      expect(all.total_project_count).toBeGreaterThan(1)
    },
  },
  {
    operation: 'getSystemCVEAllowlist',
    as: 'stranger',
    refused: 'anonymous',
    check: ({ body }) => expect(body).toMatchObject({ items: expect.any(Array) }),
  },
  {
    operation: 'putSystemCVEAllowlist',
    arrange: () => ({ body: { items: [{ cve_id: 'CVE-2024-1234' }], expires_at: 4_000_000_000 } }),
    refused: 'projectAdmin',
    check: async ({ world }) =>
      expect(await read(world, '/system/CVEAllowlist')).toMatchObject({
        items: [{ cve_id: 'CVE-2024-1234' }],
        expires_at: 4_000_000_000,
      }),
  },
  {
    operation: 'listRegistries',
    refused: 'projectAdmin',
    check: ({ body }) => expect(body).toEqual([]),
  },
  {
    operation: 'getPermissions',
    as: 'projectAdmin',
    refused: 'maintainer',
    check: ({ body }) =>
      expect(body).toMatchObject({
        project: expect.arrayContaining([{ resource: 'repository', action: 'pull' }]),
      }),
  },
]
