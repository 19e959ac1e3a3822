import { afterAll, beforeEach, expect, test } from 'vitest'
import type { PermissionSet, Principal } from '../access/model.ts'
import { PROJECT_PERMISSIONS, type ProjectPermission, ROLE_PERMISSIONS } from '../access/permissions.ts'
import { ROLE_IDS, type Role } from '../access/roles.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { createProject } from '../projects/service.ts'
import { projectsDeps } from '../projects/testing.ts'
import { addUser } from '../users/testing.ts'
import { insertMember } from './store.ts'
import { surpassesInProjects } from './surpassing.ts'
import { compareMemberships } from './surpassing-store.ts'

const { db, drop } = await createTestDatabase()
const owner = await addUser(db, 'owner')
const keeper = await addUser(db, 'keeper')
const bob = await addUser(db, 'bob')
let team: number
let other: number

beforeEach(async () => {
  await db.deleteFrom('members').execute()
  await db.deleteFrom('roles').where('id', '>', 100).execute()
  await db.deleteFrom('projects').execute()
  team = await createProject(projectsDeps(db), { name: 'team', metadata: { public: 'true' } }, owner)
  other = await createProject(projectsDeps(db), { name: 'other', metadata: {} }, owner)
})
afterAll(drop)

const give = (project: number, user: { id: number }, role: Role | number) =>
  insertMember(db, project, { type: 'u', id: user.id }, typeof role === 'number' ? role : ROLE_IDS[role])

const asKeeper = (grants?: Partial<PermissionSet>): Principal => ({
  kind: 'user',
  ...keeper,
  sysadmin: false,
  generation: 0,
  grants: { system: new Set(['user:update']), everyProject: new Set(), projects: new Map(), ...grants },
})
const asRobot = (projects: [number, Iterable<ProjectPermission>][]): Principal => ({
  kind: 'robot',
  id: 1,
  username: 'robot$keeper',
  permissions: {
    system: new Set(['user:update']),
    everyProject: new Set(),
    projects: new Map(projects.map(([id, words]) => [id, new Set(words)])),
  },
})
const surpasses = (principal: Principal) => surpassesInProjects(db, principal, bob.id)

test('whoever is a member of nothing surpasses nobody', async () => {
  await give(team, keeper, 'guest')

  expect(await surpasses(asKeeper())).toBe(false)
})

test.each<[Role | undefined, Role, boolean]>([
  [undefined, 'limitedGuest', true],
  ['guest', 'projectAdmin', true],
  ['guest', 'developer', true],
  ['developer', 'developer', false],
  ['projectAdmin', 'maintainer', false],
])('a caller who is %s is surpassed by a %s: %s', async (own, his, expected) => {
  if (own) await give(other, keeper, own)
  await give(other, bob, his)

  expect(await surpasses(asKeeper())).toBe(expected)
})

test('one project is enough, a public one too, and power elsewhere does not count', async () => {
  await give(other, keeper, 'projectAdmin')
  await give(other, bob, 'guest')
  expect(await surpasses(asKeeper())).toBe(false)

  await give(team, bob, 'limitedGuest')
  expect(await surpasses(asKeeper())).toBe(true)
})

test('roles of the system, in every project, and custom roles count on both sides', async () => {
  const pull: ProjectPermission = 'repository:pull'
  const { id } = await db
    .insertInto('roles')
    .values({ name: 'puller', level: 'project', system_permissions: [], project_permissions: [pull] })
    .returning('id')
    .executeTakeFirstOrThrow()
  await give(other, bob, id)

  expect(await surpasses(asKeeper())).toBe(true)
  expect(await surpasses(asKeeper({ everyProject: new Set([pull]) }))).toBe(false)
  await give(other, keeper, id)
  expect(await surpasses(asKeeper())).toBe(false)
})

test('roles by groups count', async () => {
  const group = await db
    .insertInto('user_groups')
    .values({ name: 'admins', type: 3 })
    .returning('id')
    .executeTakeFirstOrThrow()
  await db.insertInto('user_group_members').values({ user_id: bob.id, group_id: group.id }).execute()
  await insertMember(db, other, { type: 'g', id: group.id }, ROLE_IDS.projectAdmin)

  expect(await surpasses(asKeeper())).toBe(true)
})

test('a robot is asked project by project for what it was given there', async () => {
  await give(team, bob, 'guest')
  await give(other, bob, 'guest')
  const all = PROJECT_PERMISSIONS

  expect(await surpasses(asRobot([]))).toBe(true)
  expect(await surpasses(asRobot([[other, all]]))).toBe(true)
  expect(await surpasses(asRobot([[team, all]]))).toBe(true)
  expect(
    await surpasses(
      asRobot([
        [team, all],
        [other, ROLE_PERMISSIONS.guest],
      ]),
    ),
  ).toBe(false)
})

test('deleted projects count no longer', async () => {
  await give(other, bob, 'projectAdmin')
  await db.updateTable('projects').set({ deletion_time: new Date() }).where('id', '=', other).execute()

  expect(await surpasses(asKeeper())).toBe(false)
})

test('the answer is as long as there are combinations, not projects', async () => {
  await db
    .insertInto('projects')
    .values(
      Array.from({ length: 200 }, (_, at) => ({
        name: `p${at}`,
        public: false,
        owner_id: owner.id,
      })) as never,
    )
    .execute()
  const all = await db.selectFrom('projects').select('id').execute()
  for (const { id } of all) await give(id, bob, 'guest')
  await give(team, keeper, 'developer')

  expect(await compareMemberships(db, bob.id, keeper.id, [])).toHaveLength(2)
  expect(await compareMemberships(db, bob.id, keeper.id, [other])).toHaveLength(3)
})
