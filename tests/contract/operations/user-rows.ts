import { expect } from 'vitest'
import { uniqueName } from '../../harness/project.ts'
import { openRegistry } from '../../harness/registry.ts'
import type { CallOfRow, Row } from './row.ts'
import { type Account, makeUser, read, type World } from './world.ts'

const NOBODY = () => ({ user_id: 999_999 })

async function ofNewUser(world: World): Promise<{ path: { user_id: number }; user: Account }> {
  const user = await makeUser(world.admin)
  return { path: { user_id: user.id }, user }
}

const userOf = (call: CallOfRow) => `/users/${call.path?.user_id}`

/** Users and what they may. */
export const USER_ROWS: Row[] = [
  {
    operation: 'listUsers',
    arrange: (world) => ({ query: { q: `username=${world.people.guest.username}` } }),
    refused: 'stranger',
    check: ({ body, world }) => expect(body).toMatchObject([{ user_id: world.people.guest.id }]),
  },
  {
    operation: 'createUser',
    arrange: () => {
      const username = uniqueName('made')
      return { body: { username, email: `${username}@example.com`, realname: 'M', password: 'Passw0rd1' } }
    },
    refused: 'stranger',
    check: async ({ world, answer }) => {
      const made = await read(world, String(answer.headers.location).replace('/api/v2.0', ''))
      expect(made).toMatchObject({ realname: 'M', sysadmin_flag: false })
      expect(made).not.toHaveProperty('password')
    },
  },
  {
    operation: 'getCurrentUserInfo',
    as: 'guest',
    refused: 'anonymous',
    check: ({ body, world }) => expect(body).toMatchObject({ username: world.people.guest.username }),
  },
  {
    operation: 'searchUsers',
    arrange: (world) => ({ query: { username: world.people.guest.username } }),
    as: 'stranger',
    refused: 'anonymous',
    check: ({ body, world }) =>
      expect(body).toEqual([{ user_id: world.people.guest.id, username: world.people.guest.username }]),
  },
  {
    operation: 'getUser',
    arrange: ofNewUser,
    refused: 'stranger',
    wrongParent: NOBODY,
    check: ({ body, call }) => expect(body).toMatchObject({ user_id: call.path?.user_id }),
  },
  {
    operation: 'updateUserProfile',
    arrange: async (world) => {
      const { path, user } = await ofNewUser(world)
      return { path, body: { email: `new-${user.username}@example.com`, realname: 'New', comment: '' } }
    },
    refused: 'stranger',
    wrongParent: NOBODY,
    check: async ({ world, call }) => {
      const changed = await read(world, userOf(call))
      expect(changed).toMatchObject({ realname: 'New' })
      expect(changed).not.toHaveProperty('comment')
    },
  },
  {
    operation: 'deleteUser',
    arrange: ofNewUser,
    refused: 'stranger',
    wrongParent: NOBODY,
    check: async ({ world, call }) =>
      expect((await world.admin.get(`/api/v2.0${userOf(call)}`)).status).toBe(404),
  },
  {
    operation: 'setUserSysAdmin',
    arrange: async (world) => ({ ...(await ofNewUser(world)), body: { sysadmin_flag: true } }),
    refused: 'stranger',
    wrongParent: NOBODY,
    check: async ({ world, call }) =>
      expect(await read(world, userOf(call))).toMatchObject({ sysadmin_flag: true }),
  },
  {
    operation: 'updateUserPassword',
    arrange: async (world) => ({ ...(await ofNewUser(world)), body: { new_password: 'An0ther-password' } }),
    refused: 'stranger',
    wrongParent: NOBODY,
    check: async ({ world, call }) => {
      const { username } = (await read(world, userOf(call))) as { username: string }
      const himself = openRegistry(world.url, { username, password: 'An0ther-password' })
      expect((await himself.get('/api/v2.0/users/current')).status).toBe(200)
    },
  },
  {
    operation: 'getCurrentUserPermissions',
    arrange: (world) => ({ query: { scope: `/project/${world.project.id}`, relative: 'true' } }),
    as: 'limitedGuest',
    refused: 'anonymous',
    check: ({ body }) => expect(body).toContainEqual({ resource: 'repository', action: 'pull' }),
  },
  {
    // Of use with OpenID Connect only, and refused to everybody until there is that.
    operation: 'setCliSecret',
    arrange: async (world) => ({ ...(await ofNewUser(world)), body: { secret: 'An0ther-secret' } }),
    status: 412,
    refused: 'nobody',
    wrongParent: NOBODY,
    wrongStatus: 412,
  },
]
