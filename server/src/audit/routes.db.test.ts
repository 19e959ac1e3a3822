import { afterAll, beforeEach, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { findProjectContext } from '../members/service.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { as, buildRest } from '../platform/http/testing.ts'
import { createProject } from '../projects/service.ts'
import { projectsDeps } from '../projects/testing.ts'
import { addUser } from '../users/testing.ts'
import { auditRoutes } from './routes.ts'
import { insertRows } from './store.ts'
import { auditRow } from './testing.ts'

const { db, drop } = await createTestDatabase()
const projects = projectsDeps(db)
const ann = await addUser(db, 'ann')
const bob = await addUser(db, 'bob')
const ADMIN = as({ id: 1, username: 'admin', sysadmin: true })
const ANN = as(ann)
const BOB = as(bob)
const team = await createProject(projects, { name: 'team', metadata: {} }, ann)
const other = await createProject(projects, { name: 'other', metadata: {} }, bob)

const app = await buildRest({
  routes: [auditRoutes({ db })],
  decide,
  decideEverywhere,
  projectContext: (principal, nameOrId, byName) => findProjectContext({ db }, principal, nameOrId, byName),
})

beforeEach(async () => {
  for (const table of ['audit_log', 'audit_counts', 'audit_user_counts'] as const)
    await db.deleteFrom(table).execute()
  const at = (second: number) => new Date(Date.UTC(2026, 10, 30, 23, 59, second))
  await db.transaction().execute((tx) =>
    insertRows(tx, [
      auditRow({
        opTime: at(1),
        projectId: team,
        operation: 'create',
        resourceType: 'project',
        resource: 'team',
      }),
      auditRow({
        opTime: at(2),
        projectId: team,
        operation: 'pull',
        resourceType: 'artifact',
        resource: 'team/a:1',
      }),
      auditRow({
        opTime: at(59),
        projectId: other,
        operation: 'pull',
        resourceType: 'artifact',
        username: 'bob',
      }),
      auditRow({
        opTime: at(60),
        operation: 'login',
        resourceType: 'user',
        username: 'eve',
        succeeded: false,
      }),
    ]),
  )
})
afterAll(async () => {
  await app.close()
  await drop()
})

async function ask(path: string, headers: Record<string, string> = {}) {
  const answer = await app.inject({ url: `/api/v2.0/${path}`, headers })
  const json = answer.body === '' ? undefined : answer.json()
  const operations = Array.isArray(json) ? json.map((row: { operation: string }) => row.operation) : undefined
  return { status: answer.statusCode, json, operations, total: answer.headers['x-total-count'] }
}

test('an administrator sees everything, newest first', async () => {
  const { operations, total, json } = await ask('auditlog-exts', ADMIN)

  expect(operations).toEqual(['login', 'pull', 'pull', 'create'])
  expect(total).toBe('4')
  expect(json[0]).toEqual({
    id: expect.any(Number),
    username: 'eve',
    resource: 'bob',
    resource_type: 'user',
    operation: 'login',
    operation_result: false,
    op_time: '2026-12-01T00:00:00.000Z',
  })
})

test('whoever administers projects sees theirs, in the list of the system too', async () => {
  expect((await ask('auditlog-exts', ANN)).operations).toEqual(['pull', 'create'])
  expect((await ask('auditlog-exts?q=operation=pull', BOB)).total).toBe('1')
  expect((await ask('projects/team/auditlog-exts', ANN)).total).toBe('2')
  expect((await ask('auditlog-exts', as({ id: 999, username: 'nobody' }))).total).toBe('0')
})

test.each([
  ['auditlog-exts', {}, 401],
  ['audit-logs', {}, 401],
  ['projects/team/auditlog-exts', BOB, 403],
  ['projects/team/logs', BOB, 403],
  ['projects/team/auditlog-exts', {}, 401],
  ['projects/missing/auditlog-exts', ADMIN, 404],
  ['auditlog-exts/events', ANN, 403],
  ['auditlog-exts?q=op', ADMIN, 400],
  ['auditlog-exts?page_size=101', ADMIN, 422],
])('%s is answered to %j with %i', async (path, headers, status) => {
  expect((await ask(path, headers)).status).toBe(status)
})

test('addresses are not searched: they are kept, and shown to nobody', async () => {
  const all = await ask('auditlog-exts', ADMIN)

  expect((await ask('auditlog-exts?q=source_ip=192.0.2.1', ADMIN)).json).toEqual(all.json)
})

test.each([
  ['q=operation=pull', ['pull', 'pull']],
  ['q=operation={pull login}', ['login', 'pull', 'pull']],
  ['q=username=~NN,operation=pull', ['pull']],
  ['q=resource=team/a:1', ['pull']],
  ['q=op_result=false', ['login']],
  ['q=op_time=[2026-11-30 23:59:02~2026-11-30 23:59:59]', ['pull', 'pull']],
  ['sort=op_time', ['create', 'pull', 'pull', 'login']],
  ['sort=operation', ['create', 'login', 'pull', 'pull']],
  ['sort=resource', ['pull', 'login', 'create', 'pull']],
  ['sort=-resource', ['pull', 'create', 'login', 'pull']],
  ['sort=-username&page_size=1&page=2', ['pull']],
  ['page=5&page_size=1', []],
])('the list with %s', async (query, operations) => {
  expect((await ask(`auditlog-exts?${query}`, ADMIN)).operations).toEqual(operations)
})

test.each([
  ['sort=id', 'sort=op_time'],
  ['sort=-id', ''],
])('the list with %s is that with "%s"', async (query, same) => {
  const asked = await ask(`auditlog-exts?${query}`, ADMIN)

  expect(asked.json).toEqual((await ask(`auditlog-exts?${same}`, ADMIN)).json)
})

test('the log of earlier releases shows what was taken over, and nothing new', async () => {
  const row = {
    op_time: new Date(),
    operation: 'push',
    resource_type: 'artifact',
    resource: 'team/a',
    username: 'x',
  }
  await db
    .insertInto('legacy_audit_log')
    .values([
      { id: 1, project_id: team, ...row },
      { id: 2, project_id: other, ...row },
    ])
    .execute()

  expect((await ask('audit-logs', ADMIN)).total).toBe('2')
  expect((await ask('audit-logs', ANN)).json).toMatchObject([
    { id: 1, operation: 'push', resource: 'team/a' },
  ])
  expect((await ask('projects/other/logs', BOB)).json).toMatchObject([{ id: 2 }])
})

test('the names of what may be turned off', async () => {
  expect((await ask('auditlog-exts/events', ADMIN)).json).toContainEqual({ event_type: 'pull_artifact' })
})
