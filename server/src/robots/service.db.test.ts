import { sql } from 'kysely'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { Principal } from '../access/model.ts'
import { addProjectAdmin } from '../members/service.ts'
import type { Database } from '../platform/db/database.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { createProject } from '../projects/service.ts'
import { projectsDeps } from '../projects/testing.ts'
import { createPasswords } from '../users/passwords.ts'
import { addUser } from '../users/testing.ts'
import { changeRobot, createRobot, describeRobot, getRobot, renewSecret } from './service.ts'
import { findByIds, replaceGrants } from './store.ts'

const { db, drop } = await createTestDatabase()
const deps = {
  db,
  passwords: createPasswords(),
  namePrefix: () => 'robot$',
  defaultDays: () => 30,
  onRobotChanged: () => undefined,
}
const ann = await addUser(db, 'ann')
const ANN: Principal = { kind: 'user', sysadmin: false, generation: 1, ...ann }
let team: number
let robot: number

const entries = (...words: [string, string][]) => [
  { kind: 'project', namespace: 'team', access: words.map(([resource, action]) => ({ resource, action })) },
]

beforeEach(async () => {
  for (const table of ['robots', 'members', 'projects'] as const) await db.deleteFrom(table).execute()
  team = await createProject({ ...projectsDeps(db), addProjectAdmin }, { name: 'team', metadata: {} }, ann)
  const input = { name: 'ci', level: 'project' as const, description: '', duration: 5, disabled: false }
  robot = (await createRobot(deps, ANN, { ...input, entries: entries(['repository', 'pull']) }, ann)).id
})
afterAll(drop)

/** Starts `work`, and lets `first` come before it, which it has to wait for. */
async function behind(first: (tx: Database) => Promise<unknown>, work: () => Promise<unknown>) {
  const waiting = async () => {
    const { rows } = await sql<{ count: number }>`
      SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(db)
    return rows[0]?.count
  }
  return await db.transaction().execute(async (tx) => {
    await tx.selectFrom('robots').select('id').where('id', '=', robot).forUpdate().execute()
    const working = work().catch((error: unknown) => error)
    await expect.poll(waiting, { interval: 10 }).toBe(1)
    await first(tx)
    return { working }
  })
}

test('nobody gets the secret of a robot that is given more than he has at this moment', async () => {
  const maker: Principal = {
    kind: 'robot',
    id: 99,
    username: 'robot$team+maker',
    permissions: {
      system: new Set(),
      everyProject: new Set(),
      projects: new Map([[team, new Set(['robot:update' as const, 'repository:pull' as const])]]),
    },
  }
  const [before] = await findByIds(db, [robot])
  const access = [{ resource: 'repository', action: 'push' }] as const
  const grant = { kind: 'project' as const, project: { id: team, name: 'team' }, access: [...access] }

  const { working } = await behind(
    (tx) => replaceGrants(tx, robot, [grant]),
    () => renewSecret(deps, maker, robot, undefined, { id: 99, username: 'robot$team+maker', robot: true }),
  )

  expect(await working).toMatchObject({ kind: 'denied' })
  const [after] = await findByIds(db, [robot])
  expect(after?.secretHash).toBe(before?.secretHash)
})

test('who changes description and state undoes nothing that somebody else changes at this moment', async () => {
  const { working } = await behind(
    (tx) =>
      tx.updateTable('robots').set({ duration: 50, expiry_time: null }).where('id', '=', robot).execute(),
    () => describeRobot(deps, ANN, robot, { description: 'new', disabled: true }, ann),
  )
  await working

  const after = await getRobot(deps, ANN, robot)
  expect(after).toMatchObject({ description: 'new', disabled: true, duration: 50 })
  expect(after.expiryTime).toBeUndefined()
})

test('a change that says nothing of the duration leaves the one that it has by then', async () => {
  const change = { loginName: 'robot$team+ci', level: 'project', description: 'new', disabled: false }

  const { working } = await behind(
    (tx) =>
      tx.updateTable('robots').set({ duration: 50, expiry_time: null }).where('id', '=', robot).execute(),
    () => changeRobot(deps, ANN, robot, { ...change, entries: entries(['repository', 'push']) }, ann),
  )
  await working

  expect(await getRobot(deps, ANN, robot)).toMatchObject({ description: 'new', duration: 50 })
})
