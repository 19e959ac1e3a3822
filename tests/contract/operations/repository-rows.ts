import { expect } from 'vitest'
import { uniqueName } from '../../harness/project.ts'
import { openRepository } from '../../harness/repository.ts'
import type { CallOfRow, Row } from './row.ts'
import { read, type World } from './world.ts'

/** The repository exists, and not in this project. */
const ELSEWHERE = (world: World) => ({ project_name: world.other.name })

async function ofNewRepository(world: World): Promise<CallOfRow> {
  const repository = uniqueName('deep/repo')
  await openRepository(world.admin, `${world.project.name}/${repository}`).pushImage('v1')
  // Names with slashes are encoded once more, as clients of Harbor do.
  return { path: { project_name: world.project.name, repository_name: encodeURIComponent(repository) } }
}

function pathOf({ path }: CallOfRow): string {
  return `/projects/${path?.project_name}/repositories/${encodeURIComponent(String(path?.repository_name))}`
}

function nameOf({ path }: CallOfRow): string {
  return `${path?.project_name}/${decodeURIComponent(String(path?.repository_name))}`
}

/** Repositories of a project. */
export const REPOSITORY_ROWS: Row[] = [
  {
    operation: 'listAllRepositories',
    arrange: (world) => ({ query: { q: `name=${world.project.name}/images` } }),
    as: 'limitedGuest',
    refused: { query: { page_size: 1000 }, status: 422 },
    check: ({ body, world }) =>
      expect(body).toMatchObject([
        { name: `${world.project.name}/images`, artifact_count: 1, pull_count: 0 },
      ]),
  },
  {
    operation: 'listRepositories',
    arrange: (world) => ({ path: { project_name: world.project.name } }),
    as: 'limitedGuest',
    refused: 'stranger',
    wrongParent: () => ({ project_name: 'no-such-project' }),
    check: ({ body, world }) =>
      expect(body).toContainEqual(
        expect.objectContaining({ name: `${world.project.name}/images`, project_id: world.project.id }),
      ),
  },
  {
    operation: 'getRepository',
    arrange: ofNewRepository,
    as: 'limitedGuest',
    refused: 'stranger',
    wrongParent: ELSEWHERE,
    check: ({ body, call }) => expect(body).toMatchObject({ name: nameOf(call), artifact_count: 1 }),
  },
  {
    operation: 'updateRepository',
    arrange: async (world) => ({ ...(await ofNewRepository(world)), body: { description: 'of the tests' } }),
    as: 'developer',
    refused: 'guest',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) =>
      expect(await read(world, pathOf(call))).toMatchObject({ description: 'of the tests' }),
  },
  {
    operation: 'deleteRepository',
    arrange: ofNewRepository,
    as: 'maintainer',
    refused: 'developer',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) =>
      expect((await world.admin.get(`/api/v2.0${pathOf(call)}`)).status).toBe(404),
  },
]
