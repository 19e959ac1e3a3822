import { vi } from 'vitest'
import { json } from '../harness/http.ts'
import type { Registry } from '../harness/registry.ts'

/** Waits until the repositories tell of the push that each has had: that is noted behind it. */
async function activityNoted(admin: Registry, projects: readonly { name: string }[]): Promise<void> {
  for (const { name } of projects)
    await vi.waitUntil(
      async () => {
        const answer = await admin.get(`/api/v2.0/projects/${name}/repositories`)
        const repositories = json(answer) as { creation_time: string; update_time: string }[]
        return repositories.every(({ creation_time, update_time }) => update_time !== creation_time)
      },
      { timeout: 60_000, interval: 100 },
    )
}

/** What an administrator sees of these projects, and of everything that there are lists of. */
export async function snapshot(
  admin: Registry,
  projects: readonly { id: number; name: string }[],
): Promise<unknown> {
  await activityNoted(admin, projects)
  const paths = [
    '/api/v2.0/users?page_size=100&sort=username',
    '/api/v2.0/projects?page_size=100&sort=name',
    '/api/v2.0/configurations',
    '/api/v2.0/robots?page_size=100',
    '/api/v2.0/usergroups',
    '/api/v2.0/quotas?page_size=100',
    '/api/v2.0/labels?scope=g&page_size=100',
    '/api/v2.0/system/CVEAllowlist',
    '/api/v2.0/roles',
    ...projects.flatMap(({ id, name }) => [
      `/api/v2.0/projects/${id}`,
      `/api/v2.0/projects/${id}/members?page_size=100`,
      `/api/v2.0/projects/${id}/metadatas/`,
      `/api/v2.0/labels?scope=p&project_id=${id}&page_size=100`,
      `/api/v2.0/projects/${name}/repositories`,
      `/api/v2.0/projects/${name}/repositories/images/artifacts?with_label=true`,
      `/v2/${name}/images/tags/list`,
    ]),
  ]

  return Promise.all(
    paths.map(async (path) => {
      const answer = await admin.get(path)
      return { path, status: answer.status, body: answer.body.toString('utf8') }
    }),
  )
}
