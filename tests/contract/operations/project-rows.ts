import { expect } from 'vitest'
import { uniqueName } from '../../harness/project.ts'
import type { CallOfRow, Row } from './row.ts'
import { makeProject, type ProjectFixture, read, type World } from './world.ts'

const MISSING = () => ({ project_name_or_id: 'no-such-project' })

const ofProject = (world: World): CallOfRow => ({ path: { project_name_or_id: world.project.id } })

async function ofNewProject(world: World): Promise<CallOfRow> {
  const { id } = await makeProject(world.admin, { empty: true })
  return { path: { project_name_or_id: id } }
}

function projectOf(call: CallOfRow): string {
  return `/projects/${call.path?.project_name_or_id}`
}

/** Projects and their metadata. */
export const PROJECT_ROWS: Row[] = [
  {
    operation: 'listProjects',
    arrange: (world) => ({ query: { name: world.project.name, page_size: 5 } }),
    as: 'guest',
    refused: { query: { page_size: 1000 }, status: 422 },
    check: ({ body, world }) =>
      expect(body).toMatchObject([{ name: world.project.name, repo_count: 1, current_user_role_id: 3 }]),
  },
  {
    operation: 'headProject',
    arrange: (world) => ({ query: { project_name: world.project.name } }),
    refused: 'anonymous',
  },
  {
    operation: 'createProject',
    arrange: () => ({ body: { project_name: uniqueName('made'), metadata: { public: 'true' } } }),
    as: 'stranger',
    refused: 'anonymous',
    check: async ({ world, answer, call }) => {
      const id = Number(answer.headers.location?.split('/').at(-1))
      const { project_name } = call.body as { project_name: string }
      const made = await read(world, `/projects/${id}`)
      expect(made).toMatchObject({ name: project_name, metadata: { public: 'true' } })
      expect(made).toMatchObject({ owner_name: world.people.stranger.username })
    },
  },
  {
    operation: 'getProject',
    arrange: ofProject,
    as: 'limitedGuest',
    refused: 'stranger',
    wrongParent: MISSING,
    check: ({ body, world }) => expect(body).toMatchObject({ name: world.project.name, repo_count: 1 }),
  },
  {
    operation: 'updateProject',
    arrange: async (world) => ({
      ...(await ofNewProject(world)),
      body: { metadata: { auto_scan: 'true', public: 'true' } },
    }),
    refused: 'stranger',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect(await read(world, projectOf(call))).toMatchObject({
        metadata: { auto_scan: 'true', public: 'true' },
      }),
  },
  {
    operation: 'deleteProject',
    arrange: ofNewProject,
    refused: 'stranger',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect((await world.admin.get(`/api/v2.0${projectOf(call)}`)).status).toBe(404),
  },
  {
    operation: 'getProjectDeletable',
    arrange: ofProject,
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: MISSING,
    check: ({ body }) => expect(body).toEqual({ message: expect.any(String) }),
  },
  {
    operation: 'getProjectSummary',
    arrange: ofProject,
    as: 'guest',
    refused: 'stranger',
    wrongParent: MISSING,
    check: ({ body }) =>
      expect(body).toMatchObject({ repo_count: 1, developer_count: 1, quota: { hard: { storage: -1 } } }),
  },
  {
    operation: 'listProjectMetadatas',
    arrange: ofProject,
    refused: 'projectAdmin',
    wrongParent: MISSING,
    check: ({ body }) => expect(body).toMatchObject({ public: 'false' }),
  },
  {
    operation: 'addProjectMetadatas',
    arrange: async (world) => ({ ...(await ofNewProject(world)), body: { severity: 'high' } }),
    refused: 'maintainer',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect(await read(world, `${projectOf(call)}/metadatas/`)).toMatchObject({ severity: 'high' }),
  },
  {
    operation: 'getProjectMetadata',
    arrange: (world) => ({ path: { project_name_or_id: world.project.id, meta_name: 'public' } }),
    as: 'maintainer',
    refused: 'developer',
    wrongParent: MISSING,
    check: ({ body }) => expect(body).toEqual({ public: 'false' }),
  },
  {
    operation: 'updateProjectMetadata',
    arrange: async (world) => ({
      path: { ...(await withMetadata(world)), meta_name: 'severity' },
      body: { severity: 'critical' },
    }),
    refused: 'developer',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect(await read(world, `${projectOf(call)}/metadatas/severity`)).toEqual({ severity: 'critical' }),
  },
  {
    operation: 'deleteProjectMetadata',
    arrange: async (world) => ({ path: { ...(await withMetadata(world)), meta_name: 'severity' } }),
    refused: 'developer',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect(await read(world, `${projectOf(call)}/metadatas/`)).not.toHaveProperty('severity'),
  },
]

async function withMetadata(world: World): Promise<{ project_name_or_id: number }> {
  const { id }: ProjectFixture = await makeProject(world.admin, { empty: true })
  const answer = await world.admin.send({
    method: 'PUT',
    path: `/api/v2.0/projects/${id}`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ metadata: { severity: 'low' } }),
  })
  expect(answer.status).toBe(200)
  return { project_name_or_id: id }
}
