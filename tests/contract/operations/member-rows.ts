import { expect } from 'vitest'
import { ROLES } from '../../harness/project.ts'
import type { CallOfRow, Row } from './row.ts'
import { makeMember, makeUser, read, type World } from './world.ts'

/** The member exists, and not below this project. */
const ELSEWHERE = (world: World) => ({ project_name_or_id: world.other.id })

async function ofNewMember(world: World): Promise<CallOfRow> {
  const mid = await makeMember(world.admin, world.project, await makeUser(world.admin), 'guest')
  return { path: { project_name_or_id: world.project.id, mid } }
}

/** Members of a project. */
export const MEMBER_ROWS: Row[] = [
  {
    operation: 'listProjectMembers',
    arrange: (world) => ({
      path: { project_name_or_id: world.project.id },
      query: { entityname: world.people.developer.username },
    }),
    as: 'guest',
    refused: 'limitedGuest',
    wrongParent: () => ({ project_name_or_id: 'no-such-project' }),
    check: ({ body, world }) =>
      expect(body).toMatchObject([
        { entity_id: world.people.developer.id, role_id: ROLES.developer, entity_type: 'u' },
      ]),
  },
  {
    operation: 'createProjectMember',
    arrange: async (world) => ({
      path: { project_name_or_id: world.project.id },
      body: { role_id: ROLES.guest, member_user: { username: (await makeUser(world.admin)).username } },
    }),
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: () => ({ project_name_or_id: 'no-such-project' }),
    check: async ({ world, answer, call }) => {
      const { member_user } = call.body as { member_user: { username: string } }
      const made = await read(world, String(answer.headers.location).replace('/api/v2.0', ''))
      expect(made).toMatchObject({ entity_name: member_user.username, role_name: 'guest' })
    },
  },
  {
    operation: 'getProjectMember',
    arrange: ofNewMember,
    as: 'guest',
    refused: 'limitedGuest',
    wrongParent: ELSEWHERE,
    check: ({ body, call }) => expect(body).toMatchObject({ id: call.path?.mid, role_id: ROLES.guest }),
  },
  {
    operation: 'updateProjectMember',
    arrange: async (world) => ({ ...(await ofNewMember(world)), body: { role_id: ROLES.maintainer } }),
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) =>
      expect(await read(world, `/projects/${world.project.id}/members/${call.path?.mid}`)).toMatchObject({
        role_id: ROLES.maintainer,
      }),
  },
  {
    operation: 'deleteProjectMember',
    arrange: ofNewMember,
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) => {
      const path = `/api/v2.0/projects/${world.project.id}/members/${call.path?.mid}`
      expect((await world.admin.get(path)).status).toBe(404)
    },
  },
]
