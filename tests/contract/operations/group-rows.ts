import { expect } from 'vitest'
import { uniqueName } from '../../harness/project.ts'
import type { CallOfRow, Row } from './row.ts'
import { create, read, type World } from './world.ts'

/** Of an OpenID Connect provider. */
const OIDC = 3

const MISSING = () => ({ group_id: 999_999 })

async function newGroup(world: World): Promise<{ id: number; name: string }> {
  const name = uniqueName('group')
  const id = await create(world.admin, '/api/v2.0/usergroups', { group_name: name, group_type: OIDC })
  return { id, name }
}

async function ofNewGroup(world: World): Promise<CallOfRow> {
  return { path: { group_id: (await newGroup(world)).id } }
}

const groupOf = (call: CallOfRow) => `/usergroups/${call.path?.group_id}`

/** Groups of users. */
export const GROUP_ROWS: Row[] = [
  {
    operation: 'listUserGroups',
    arrange: async (world) => ({ query: { group_name: (await newGroup(world)).name } }),
    refused: 'projectAdmin',
    check: ({ body, call }) =>
      expect(body).toMatchObject([{ group_name: call.query?.group_name, group_type: OIDC }]),
  },
  {
    operation: 'createUserGroup',
    arrange: () => ({ body: { group_name: uniqueName('group'), group_type: OIDC } }),
    refused: 'projectAdmin',
    check: async ({ world, answer, call }) =>
      expect(await read(world, String(answer.headers.location).replace('/api/v2.0', ''))).toMatchObject(
        call.body as object,
      ),
  },
  {
    operation: 'searchUserGroups',
    arrange: async (world) => ({ query: { groupname: (await newGroup(world)).name } }),
    as: 'stranger',
    refused: 'anonymous',
    check: ({ body, call }) => expect(body).toMatchObject([{ group_name: call.query?.groupname }]),
  },
  {
    operation: 'getUserGroup',
    arrange: ofNewGroup,
    refused: 'projectAdmin',
    wrongParent: MISSING,
    check: ({ body, call }) => expect(body).toMatchObject({ id: call.path?.group_id }),
  },
  {
    operation: 'updateUserGroup',
    arrange: async (world) => ({
      ...(await ofNewGroup(world)),
      body: { group_name: uniqueName('other'), group_type: OIDC },
    }),
    refused: 'projectAdmin',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect(await read(world, groupOf(call))).toMatchObject(call.body as object),
  },
  {
    operation: 'deleteUserGroup',
    arrange: ofNewGroup,
    refused: 'projectAdmin',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect((await world.admin.get(`/api/v2.0${groupOf(call)}`)).status).toBe(404),
  },
]
