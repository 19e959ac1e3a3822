import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { eventTypes } from '../platform/events/testing.ts'
import { as, buildRest } from '../platform/http/testing.ts'
import { createProject } from '../projects/service.ts'
import { projectsDeps } from '../projects/testing.ts'
import { addUser } from '../users/testing.ts'
import { findParticipations } from './participation-store.ts'
import { membersRoutes } from './routes.ts'
import { findProjectContext } from './service.ts'
import { membersThatAreGone } from './subscribers.ts'

const { db, drop } = await createTestDatabase()
const projects = projectsDeps(db)
const ann = await addUser(db, 'ann')
const bob = await addUser(db, 'bob')
const dan = await addUser(db, 'dan')
const ANN = as(ann)
const BOB = as(bob)
const STAFF_DN = 'cn=staff,dc=example,dc=com'
let project: number
let other: number

const app = await buildRest({
  routes: [membersRoutes({ db, findInDirectory: async (dn) => (dn === STAFF_DN ? 'staff' : undefined) })],
  decide,
  decideEverywhere,
  projectContext: (principal, nameOrId, byName) => findProjectContext({ db }, principal, nameOrId, byName),
})

beforeEach(async () => {
  await db.deleteFrom('members').execute()
  await db.deleteFrom('roles').where('id', '>', 100).execute()
  for (const table of ['projects', 'events', 'user_groups'] as const) await db.deleteFrom(table).execute()
  project = await createProject(projects, { name: 'team', metadata: {} }, ann)
  other = await createProject(projects, { name: 'other', metadata: {} }, dan)
})
afterAll(async () => {
  await app.close()
  await drop()
})

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

async function ask(method: Method, path: string, headers: Record<string, string> = {}, body?: object) {
  const url = `/api/v2.0/projects/${path}`
  const answer = await app.inject({ method, url, headers, ...(body ? { payload: body } : {}) })
  const json = answer.body === '' ? undefined : answer.json()
  return { status: answer.statusCode, headers: answer.headers, json, error: json?.errors?.[0] }
}

async function rolesOf(projectId: number, user: typeof ann) {
  const principal = { kind: 'user' as const, sysadmin: false, generation: 1, ...user }
  return (await findProjectContext({ db }, principal, String(projectId), false))?.roles
}

/** Makes bob a member of the team with this role and answers the member's id. */
async function addBob(role_id: number): Promise<number> {
  const { status, headers } = await ask('POST', 'team/members', ANN, {
    role_id,
    member_user: { username: 'bob' },
  })
  expect(status).toBe(201)
  return Number(
    new RegExp(`^/api/v2\\.0/projects/${project}/members/(\\d+)$`).exec(String(headers.location))?.[1],
  )
}

test('a member is added by name or by id, and read back in the shape of Harbor', async () => {
  const id = await addBob(2)
  const byId = await ask('POST', `${project}/members`, ANN, { role_id: 5, member_user: { user_id: dan.id } })

  expect((await ask('GET', `team/members/${id}`, ANN)).json).toEqual({
    id,
    project_id: project,
    entity_id: bob.id,
    entity_name: 'bob',
    entity_type: 'u',
    role_id: 2,
    role_name: 'developer',
  })
  expect(byId.status).toBe(201)
  expect(await rolesOf(project, dan)).toEqual(['limitedGuest'])
})

test('the list is sorted by name, filtered by the beginning of it, counted and paged', async () => {
  await addBob(3)
  const names = (json: { entity_name: string }[]) => json.map(({ entity_name }) => entity_name)

  const all = await ask('GET', 'team/members', ANN)
  const some = await ask('GET', 'team/members?entityname=bo', ANN)
  const page = await ask('GET', 'team/members?page=2&page_size=1', ANN)

  expect({ names: names(all.json), total: all.headers['x-total-count'] }).toEqual({
    names: ['ann', 'bob'],
    total: '2',
  })
  expect({ names: names(some.json), total: some.headers['x-total-count'] }).toEqual({
    names: ['bob'],
    total: '1',
  })
  expect(names(page.json)).toEqual(['bob'])
  expect((await ask('GET', 'team/members?entityname=%25', ANN)).json).toEqual([])
})

test.each([
  [{ role_id: 0, member_user: { username: 'bob' } }, 400],
  [{ role_id: 9, member_user: { username: 'bob' } }, 400],
  [{ member_user: { username: 'bob' } }, 400],
  [{ role_id: 2 }, 400],
  [{ role_id: 2, member_user: {} }, 400],
  [{ role_id: 2, member_user: { username: 'nobody' } }, 404],
  [{ role_id: 2, member_user: { user_id: 99999999 } }, 400],
  [{ role_id: 2, member_user: { user_id: 1e30 } }, 400],
  [{ role_id: 2, member_user: { username: '\u0000' } }, 400],
  [{ role_id: 2, member_group: { group_name: 'staff' } }, 404],
  [{ role_id: 'two', member_user: { username: 'bob' } }, 422],
])('adding %j is refused with %i', async (body, status) => {
  expect((await ask('POST', 'team/members', ANN, body)).status).toBe(status)
})

test('a user is a member once, however many add him at the same time', async () => {
  const body = { role_id: 2, member_user: { username: 'bob' } }

  const answers = await Promise.all(Array.from({ length: 5 }, () => ask('POST', 'team/members', ANN, body)))

  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409])
})

test('a role is changed and taken away, and counts at once', async () => {
  const id = await addBob(3)

  expect((await ask('PUT', `team/members/${id}`, ANN, { role_id: 4 })).status).toBe(200)
  expect(await rolesOf(project, bob)).toEqual(['maintainer'])
  expect((await ask('PUT', `team/members/${id}`, ANN, { role_id: 77 })).status).toBe(400)
  expect((await ask('DELETE', `team/members/${id}`, ANN)).status).toBe(200)
  expect(await rolesOf(project, bob)).toEqual([])
  expect((await ask('GET', `team/members/${id}`, ANN)).status).toBe(404)
  expect((await eventTypes(db)).slice(2)).toEqual(['member.created', 'member.updated', 'member.deleted'])
})

test("another project's member is not there, whatever is asked of it", async () => {
  const { id: foreign } = await db
    .selectFrom('members')
    .select('id')
    .where('project_id', '=', other)
    .executeTakeFirstOrThrow()

  expect((await ask('GET', `team/members/${foreign}`, ANN)).status).toBe(404)
  expect((await ask('PUT', `team/members/${foreign}`, ANN, { role_id: 3 })).status).toBe(404)
  expect((await ask('DELETE', `team/members/${foreign}`, ANN)).status).toBe(404)
  expect(await rolesOf(other, dan)).toEqual(['projectAdmin'])
})

test.each([
  [2, 'developer', 200, 403],
  [3, 'guest', 200, 403],
  [4, 'maintainer', 200, 403],
  [5, 'limitedGuest', 403, 403],
])('role %i (%s) lists with %i and adds with %i', async (role, _name, lists, adds) => {
  await addBob(role)
  const body = { role_id: 3, member_user: { username: 'dan' } }

  expect((await ask('GET', 'team/members', BOB)).status).toBe(lists)
  expect((await ask('POST', 'team/members', BOB, body)).status).toBe(adds)
})

test('strangers and anonymous callers see no members', async () => {
  expect((await ask('GET', 'team/members', BOB)).status).toBe(403)
  expect((await ask('GET', 'team/members')).status).toBe(401)
})

/** A group with these users in it. */
async function addGroup(name: string, ...users: { id: number }[]): Promise<number> {
  const { id } = await db
    .insertInto('user_groups')
    .values({ name, type: 3, ldap_dn: null })
    .returning('id')
    .executeTakeFirstOrThrow()
  for (const user of users) {
    await db.insertInto('user_group_members').values({ user_id: user.id, group_id: id }).execute()
  }
  return id
}

async function addMember(body: object): Promise<number> {
  const { status, headers } = await ask('POST', 'team/members', ANN, body)
  expect(status).toBe(201)
  return Number(/\/members\/(\d+)$/.exec(String(headers.location))?.[1])
}

describe('groups', () => {
  test('are members by id, by name, or by what the directory calls them', async () => {
    const writers = await addGroup('writers')
    await addGroup('readers')

    await addMember({ role_id: 2, member_group: { id: writers, group_name: 'readers' } })
    await addMember({ role_id: 3, member_group: { group_name: 'readers' } })
    await addMember({ role_id: 5, member_group: { ldap_group_dn: ` ${STAFF_DN.toUpperCase()} ` } })
    const { json } = await ask('GET', 'team/members', ANN)

    expect(json.map((member: Record<string, unknown>) => [member.entity_type, member.entity_name])).toEqual([
      ['u', 'ann'],
      ['g', 'readers'],
      ['g', 'staff'],
      ['g', 'writers'],
    ])
    const named = await ask('GET', 'team/members?entityname=st', ANN)
    expect(named.json).toMatchObject([{ entity_name: 'staff', role_id: 5, entity_type: 'g' }])
    expect(named.headers['x-total-count']).toBe('1')
  })

  test.each([
    [{ id: 99999999 }, 404],
    [{ group_name: 'nobody' }, 404],
    [{ ldap_group_dn: 'cn=nobody,dc=example,dc=com' }, 400],
    [{}, 400],
  ])('%j is refused with %i', async (member_group, status) => {
    expect((await ask('POST', 'team/members', ANN, { role_id: 2, member_group })).status).toBe(status)
  })

  test('a user goes before a group, and a group by id before a user by name', async () => {
    const id = await addGroup('writers')

    await addMember({ role_id: 2, member_user: { user_id: bob.id }, member_group: { id } })
    await addMember({ role_id: 2, member_user: { username: 'dan' }, member_group: { id } })

    expect(await rolesOf(project, bob)).toEqual(['developer'])
    expect(await rolesOf(project, dan)).toEqual([])
  })

  test('a user has the roles of all his groups beside his own, as long as they are there', async () => {
    const writers = await addGroup('writers', bob)
    const keepers = await addGroup('keepers', bob, dan)
    await addMember({ role_id: 3, member_user: { username: 'bob' } })
    const byWriters = await addMember({ role_id: 2, member_group: { id: writers } })
    await addMember({ role_id: 4, member_group: { id: keepers } })

    expect(new Set(await rolesOf(project, bob))).toEqual(new Set(['guest', 'developer', 'maintainer']))
    expect(await rolesOf(project, dan)).toEqual(['maintainer'])
    expect(await rolesOf(other, bob)).toEqual([])
    const participations = await findParticipations(db, bob.id)
    expect(participations).toMatchObject([{ id: project }])
    expect(participations[0]?.roles).toHaveLength(3)

    await ask('DELETE', `team/members/${byWriters}`, ANN)
    await db.deleteFrom('user_groups').where('id', '=', keepers).execute()
    expect(await rolesOf(project, bob)).toEqual(['guest'])
    expect((await ask('GET', 'team/members', ANN)).json).toHaveLength(2)
  })

  test('memberships of deleted users and groups are cleared away', async () => {
    const gone = await addGroup('gone', bob)
    await addMember({ role_id: 2, member_group: { id: gone } })
    await addMember({ role_id: 2, member_user: { user_id: dan.id } })
    const event = { id: 1, occurrenceTime: new Date() }

    await membersThatAreGone.handle(db, [
      { ...event, type: 'group.deleted', payload: { groupId: gone } },
      { ...event, type: 'user.deleted', payload: { userId: dan.id } },
    ])

    const left = await db
      .selectFrom('members')
      .select('entity_id')
      .where('project_id', '=', project)
      .execute()
    expect(left).toEqual([{ entity_id: ann.id }])
  })
})

describe('roles that people have made', () => {
  const make = async (...words: string[]) =>
    (
      await db
        .insertInto('roles')
        .values({
          name: `role ${words}`,
          level: 'project',
          system_permissions: [],
          project_permissions: words,
        })
        .returning('id')
        .executeTakeFirstOrThrow()
    ).id
  const contextOf = async (user: typeof ann) => {
    const principal = { kind: 'user' as const, sysadmin: false, generation: 1, ...user }
    return await findProjectContext({ db }, principal, String(project), false)
  }

  test('count beside the built-in ones, by groups too, and are shown', async () => {
    const group = await addGroup('keepers', bob)
    const tagger = await make('tag:delete', 'moon:read')
    const keeper = await make('tag:delete', 'immutable-tag:create')
    await addMember({ role_id: tagger, member_user: { username: 'bob' } })
    await addMember({ role_id: keeper, member_group: { id: group } })
    await addMember({ role_id: 3, member_user: { username: 'dan' } })

    const context = await contextOf(bob)
    expect(context?.roles).toEqual([])
    expect([...(context?.granted ?? [])].sort()).toEqual(['immutable-tag:create', 'tag:delete'])
    expect(await contextOf(dan)).toEqual({ id: project, name: 'team', public: false, roles: ['guest'] })
    expect((await findParticipations(db, bob.id))[0]?.granted).toEqual(context?.granted)
    const { json } = await ask('GET', 'team/members?entityname=bob', ANN)
    expect(json).toMatchObject([{ role_id: tagger, role_name: 'role tag:delete,moon:read' }])
  })

  test('let nobody give more than he has himself, not even to himself', async () => {
    const inviter = await make('member:create', 'member:update', 'member:list', 'repository:pull')
    const puller = await make('repository:pull')
    const pusher = await make('repository:pull', 'repository:push')
    const own = await addMember({ role_id: inviter, member_user: { username: 'bob' } })
    const give = (role_id: number) =>
      ask('POST', 'team/members', BOB, { role_id, member_user: { username: 'dan' } })

    for (const role of [1, 2, 3, 5, pusher]) expect((await give(role)).status).toBe(403)
    expect((await ask('PUT', `team/members/${own}`, BOB, { role_id: 1 })).status).toBe(403)
    expect((await ask('PUT', `team/members/${own}`, BOB, { role_id: pusher })).status).toBe(403)
    expect((await give(puller)).status).toBe(201)
    expect(await contextOf(dan)).toMatchObject({ roles: [], granted: new Set(['repository:pull']) })
  })

  test('what everybody may in a public project is not theirs to give', async () => {
    await db.updateTable('projects').set({ public: true }).where('id', '=', project).execute()
    const inviter = await make('member:create')
    const puller = await make('repository:pull')
    await addMember({ role_id: inviter, member_user: { username: 'bob' } })

    const body = { role_id: puller, member_user: { username: 'dan' } }
    expect((await ask('POST', 'team/members', BOB, body)).status).toBe(403)
  })

  test('roles of the system are given to nobody as a member', async () => {
    const { id } = await db
      .insertInto('roles')
      .values({ name: 'auditor', level: 'system', system_permissions: [], project_permissions: [] })
      .returning('id')
      .executeTakeFirstOrThrow()

    const body = { role_id: id, member_user: { username: 'bob' } }
    expect((await ask('POST', 'team/members', ANN, body)).status).toBe(400)
  })
})
