import { afterAll, beforeAll, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../../access/decide.ts'
import { createTestDatabase } from '../../platform/db/testing.ts'
import { as, buildRest } from '../../platform/http/testing.ts'
import { addProject, addRole, projectsDeps } from '../../projects/testing.ts'
import { createRobotLookup } from '../../robots/lookup.ts'
import { addUser } from '../../users/testing.ts'
import { explainRoutes } from './routes.ts'

const { db, drop } = await createTestDatabase()
const ann = await addUser(db, 'ann')
const bob = await addUser(db, 'bob')
const ADMIN = as({ id: 1, username: 'admin', sysadmin: true })

const app = await buildRest({
  routes: [
    explainRoutes({
      db,
      now: () => new Date(),
      robots: createRobotLookup(db),
      robotNamePrefix: () => 'robot$',
    }),
  ],
  decide,
  decideEverywhere,
  projectContext: async () => undefined,
})

beforeAll(async () => {
  const team = await addProject(projectsDeps(db), ann, 'team')
  await addProject(projectsDeps(db), ann, 'hidden')
  await addRole(db, team, bob.id, 'guest')
  const group = await db
    .insertInto('user_groups')
    .values({ name: 'writers', type: 3, ldap_dn: null })
    .returning('id')
    .executeTakeFirstOrThrow()
  await db.insertInto('user_group_members').values({ user_id: bob.id, group_id: group.id }).execute()
  await db
    .insertInto('members')
    .values({ project_id: team, entity_type: 'g', entity_id: group.id, role_id: 2 })
    .execute()
})
afterAll(async () => {
  await app.close()
  await drop()
})

async function ask(query: Record<string, string>, headers: Record<string, string> = ADMIN) {
  const answer = await app.inject({ url: '/api/v2.0/access/explain', query, headers })
  return { status: answer.statusCode, body: answer.json() }
}

test('an administrator is told why anybody may', async () => {
  const question = { principal: 'user:bob', project: 'team' }

  expect((await ask({ ...question, permission: 'repository:push' })).body).toEqual({
    ...question,
    permission: 'repository:push',
    allowed: true,
    reasons: [{ kind: 'project-role', role: 'developer', group: 'writers' }],
  })
  expect((await ask({ ...question, permission: 'repository:pull' })).body.reasons).toEqual([
    { kind: 'project-role', role: 'developer', group: 'writers' },
    { kind: 'project-role', role: 'guest' },
  ])
  expect((await ask({ ...question, permission: 'project:delete' })).body).toMatchObject({
    allowed: false,
    reasons: [],
  })
  expect(
    (await ask({ principal: 'anonymous', project: 'team', permission: 'repository:pull' })).body.allowed,
  ).toBe(false)
  expect((await ask({ principal: 'user:bob', permission: 'project:create' })).body.reasons).toEqual([
    { kind: 'signed-in' },
  ])
})

test('whoever is disabled may what nobody in particular may', async () => {
  await db.updateTable('users').set({ disabled: true }).where('id', '=', bob.id).execute()

  const { body } = await ask({ principal: 'user:bob', project: 'team', permission: 'repository:pull' })

  expect(body).toMatchObject({ allowed: false, reasons: [{ kind: 'disabled' }] })
  await db.updateTable('users').set({ disabled: false }).where('id', '=', bob.id).execute()
})

test('everybody asks about himself, and hears nothing of projects that are hidden from him', async () => {
  const own = await ask({ project: 'team', permission: 'repository:push' }, as(bob))
  const hidden = await ask({ project: 'hidden', permission: 'repository:push' }, as(bob))
  const missing = await ask({ project: 'missing', permission: 'repository:push' }, as(bob))

  expect(own.body).toMatchObject({ principal: 'user:bob', allowed: true })
  expect(hidden.body).toEqual({ ...missing.body, project: 'hidden' })
  expect((await ask({ principal: 'user:ann', permission: 'project:create' }, as(bob))).status).toBe(403)
  expect((await ask({ permission: 'project:create' }, {})).status).toBe(401)
})

test.each([
  [{ permission: 'moon:read' }, 400],
  [{ permission: 'user:list', project: 'team' }, 400],
  [{ permission: 'repository:push' }, 400],
  [{ permission: 'tag:list', project: 'missing' }, 404],
  [{ permission: 'tag:list', project: 'team', principal: 'user:nobody' }, 404],
  [{ permission: 'tag:list', project: 'team', principal: 'robot:robot$nobody' }, 404],
  [{ permission: 'tag:list', project: 'team', principal: 'robot:nobody' }, 404],
  [{ permission: 'tag:list', project: 'team', principal: 'ann' }, 400],
  [{ project: 'team' }, 422],
])('%j is answered with %i', async (query, status) => {
  expect((await ask(query as Record<string, string>)).status).toBe(status)
})
