import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Principal } from '../access/model.ts'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { createFindImmutable } from '../immutability/find-immutable.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { removeMetadata } from '../projects/metadata/service.ts'
import { createPolicy, type RetentionDeps, removePolicy } from './service.ts'

const actor = { id: 1, username: 'admin', address: '192.0.2.1' }
const principal: Principal = { kind: 'user', id: 1, username: 'admin', sysadmin: true, generation: 1 }
const CALLER = { principal, actor }

let database: TestDatabase
let bench: Bench
let deps: RetentionDeps

beforeEach(async () => {
  database = await createTestDatabase()
  bench = await openBench(database.db)
  deps = {
    ...bench.deps,
    db: database.db,
    trashDays: 7,
    findImmutable: createFindImmutable(),
    now: () => new Date(),
  }
})
afterEach(() => database.drop())

const create = (cron = '') =>
  createPolicy(deps, CALLER, { level: 'project', projectId: bench.repository.projectId, rules: [], cron })
const metadata = async () =>
  (await database.db.selectFrom('projects').select('metadata').executeTakeFirstOrThrow()).metadata
const policies = async () =>
  (await database.db.selectFrom('retention_policies').select('id').execute()).map(({ id }) => id)
const events = async () =>
  (await database.db.selectFrom('events').select('type').orderBy('id').execute())
    .map(({ type }) => type)
    .filter((type) => /^(retention|project)\./.test(type))

/** The database refuses to write rows of projects. */
async function refuseProjects(): Promise<() => Promise<unknown>> {
  await sql`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`.execute(
    database.db,
  )
  await sql`CREATE TRIGGER refuse BEFORE UPDATE ON projects FOR EACH ROW EXECUTE FUNCTION refuse()`.execute(
    database.db,
  )
  return () => sql`DROP TRIGGER refuse ON projects`.execute(database.db)
}

test('a project knows of its policy as long as it has one', async () => {
  const id = await create('0 0 0 * * *')
  const between = [await policies(), await metadata()]
  await removePolicy(deps, CALLER, id)

  expect(between).toMatchObject([[id], { retention_id: String(id) }])
  expect(await policies()).toEqual([])
  expect(await metadata()).not.toHaveProperty('retention_id')
  expect(await events()).toEqual([
    'retention.created',
    'project.updated',
    'retention.deleted',
    'project.updated',
  ])
})

test('where the project cannot be told, there is no policy either, and none is taken away', async () => {
  const allow = await refuseProjects()
  await expect(create('0 0 0 * * *')).rejects.toThrow('refused')
  const afterRefusal = [await policies(), await events()]
  await allow()
  const id = await create()
  await sql`CREATE TRIGGER refuse BEFORE UPDATE ON projects FOR EACH ROW EXECUTE FUNCTION refuse()`.execute(
    database.db,
  )
  await expect(removePolicy(deps, CALLER, id)).rejects.toThrow('refused')

  expect(afterRefusal).toEqual([[], []])
  expect(await policies()).toEqual([id])
  expect(await metadata()).toMatchObject({ retention_id: String(id) })
})

test('a second policy is refused, of two at once too, and the project is told of the first', async () => {
  const answers = await Promise.allSettled([create(), create(), create()])

  const made = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  const [id] = await policies()
  expect(made).toEqual([id])
  expect(answers.filter(({ status }) => status === 'rejected')).toMatchObject(
    Array.from({ length: 2 }, () => ({ reason: { kind: 'bad-request' } })),
  )
  expect(await metadata()).toMatchObject({ retention_id: String(id) })
})

test('who removes its name from the project may create another, which takes the place of the first', async () => {
  const first = await create('0 0 0 * * *')
  const { projectId } = bench.repository
  await expect(create()).rejects.toMatchObject({ kind: 'bad-request' })
  await removeMetadata(deps, projectId, 'retention_id', actor)

  const second = await create()

  expect(await policies()).toEqual([second])
  expect(await metadata()).toMatchObject({ retention_id: String(second) })
  expect(await database.db.selectFrom('schedules').select('vendor_id').execute()).toEqual([])
  expect(await events()).toContain('retention.deleted')
  expect(second).not.toBe(first)
})

test('but he must be allowed to take it away', async () => {
  await create()
  const { projectId } = bench.repository
  await removeMetadata(deps, projectId, 'retention_id', actor)
  const project = new Set(['tag-retention:create' as const])
  const permissions = {
    system: new Set<never>(),
    everyProject: new Set<never>(),
    projects: new Map([[projectId, project]]),
  }
  const robot: Principal = { kind: 'robot', id: 9, username: 'robot$r', permissions }

  const creating = createPolicy(
    deps,
    { principal: robot, actor },
    { level: 'project', projectId, rules: [], cron: '' },
  )

  await expect(creating).rejects.toMatchObject({ kind: 'forbidden' })
  expect(await policies()).toHaveLength(1)
})
