import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Actor } from '../access/model.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { eventTypes } from '../platform/events/testing.ts'
import { addUser } from '../users/testing.ts'
import { setGroupsOf } from './membership.ts'
import { selectGroupsOf } from './membership-store.ts'
import { GROUP_TYPES } from './model.ts'
import { insertGroup } from './store.ts'

let database: TestDatabase
let ann: Actor
let bob: Actor

beforeAll(async () => {
  database = await createTestDatabase()
  ann = await addUser(database.db, 'ann')
  bob = await addUser(database.db, 'bob')
})
beforeEach(async () => {
  for (const table of ['user_groups', 'events'] as const) await database.db.deleteFrom(table).execute()
})
afterAll(() => database.drop())

const oidc = (user: Actor, ...names: string[]) =>
  setGroupsOf(
    database,
    user,
    GROUP_TYPES.oidc,
    names.map((name) => ({ name, ldapDn: undefined })),
  )
const namesOf = async (user: Actor) => (await selectGroupsOf(database.db, user.id)).map(({ name }) => name)

test('a user is in the groups of his last login and in no others', async () => {
  await oidc(ann, 'dev', 'ops', 'dev')
  await oidc(bob, 'ops')
  const first = await namesOf(ann)
  await oidc(ann, 'ops', 'qa')

  expect(first).toEqual(['dev', 'ops'])
  expect(await namesOf(ann)).toEqual(['ops', 'qa'])
  expect(await namesOf(bob)).toEqual(['ops'])
  expect(await eventTypes(database.db)).toEqual(['group.created', 'group.created', 'group.created'])
})

test('a login that changes nothing writes nothing', async () => {
  await oidc(ann, 'dev', 'ops')
  const rows = () => database.db.selectFrom('user_group_members').selectAll().execute()
  const before = await rows()

  await oidc(ann, 'ops', 'dev')

  expect(await rows()).toEqual(before)
})

test('names that no group can have, and those of another provider, are passed over', async () => {
  await insertGroup(database.db, { name: 'staff', type: GROUP_TYPES.http, ldapDn: undefined })

  await oidc(ann, 'staff', '', 'x'.repeat(256), 'nul\u0000', 'dev')

  expect(await namesOf(ann)).toEqual(['dev'])
})

test('an LDAP group is known by its distinguished name, and goes by it where its name is taken', async () => {
  await insertGroup(database.db, { name: 'dev', type: GROUP_TYPES.oidc, ldapDn: undefined })
  const dn = 'CN=Dev,DC=example'
  const groups = [{ name: 'dev', ldapDn: dn }]

  await setGroupsOf(database, ann, GROUP_TYPES.ldap, groups)
  await setGroupsOf(database, bob, GROUP_TYPES.ldap, [{ name: 'another', ldapDn: ` ${dn} ` }])

  expect(await namesOf(ann)).toEqual(['cn=dev,dc=example'])
  expect(await namesOf(bob)).toEqual(['cn=dev,dc=example'])
})

test('many who log in at once with the same new groups all get them', async () => {
  const users = await Promise.all(Array.from({ length: 8 }, (_, i) => addUser(database.db, `user${i}`)))
  const names = ['g1', 'g2', 'g3', 'g4']

  await Promise.all(users.map((user, i) => oidc(user, ...(i % 2 ? names : names.toReversed()))))

  for (const user of users) expect(await namesOf(user)).toEqual(names)
})
