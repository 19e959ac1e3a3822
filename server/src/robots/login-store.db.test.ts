import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../platform/db/testing.ts'
import { addProject, projectsDeps } from '../projects/testing.ts'
import { addUser } from '../users/testing.ts'
import { findLoginsById, findLoginsByName, findLoginsInProject } from './login-store.ts'
import type { Grant } from './model.ts'
import { insertRobot, replaceGrants } from './store.ts'

const { db, drop } = await createTestDatabase()
const PULL = [{ resource: 'repository', action: 'pull' }]
const CREATED = new Date('2026-01-02T03:04:05Z')
let team: number
let open: number
let gone: number
let ofTeam: number
let ofSystem: number
let ofGone: number

async function addRobot(projectId: number | undefined, name: string, grants: readonly Grant[]) {
  const row = { projectId, name, description: '', duration: -1, expiryTime: undefined, disabled: false }
  const creator = { type: 'local' as const, id: 1 }
  const id = await insertRobot(db, { ...row, secretHash: `hash of ${name}`, creator, creationTime: CREATED })
  if (id === undefined) throw new Error(`${name} is there already`)
  await replaceGrants(db, id, grants)
  return id
}

beforeAll(async () => {
  const ann = await addUser(db, 'ann')
  const projects = projectsDeps(db)
  team = await addProject(projects, ann, 'team')
  open = await addProject(projects, ann, 'open', true)
  gone = await addProject(projects, ann, 'gone')
  await db.insertInto('project_aliases').values({ name: 'crew', project_id: team }).execute()
  await db.insertInto('project_aliases').values({ name: 'lost', project_id: gone }).execute()
  const inTeam: Grant = { kind: 'project', project: { id: team, name: 'team' }, access: PULL }
  ofTeam = await addRobot(team, 'ci', [inTeam])
  ofSystem = await addRobot(undefined, 'ci', [
    { kind: 'system', access: [{ resource: 'user', action: 'list' }] },
    { kind: 'project', access: PULL },
    inTeam,
    { kind: 'project', project: { id: gone, name: 'gone' }, access: PULL },
  ])
  ofGone = await addRobot(gone, 'ci', [])
  await db.updateTable('projects').set({ deletion_time: CREATED }).where('id', '=', gone).execute()
})
afterAll(drop)

const keys = [
  { project: 'none', name: 'ci' },
  { project: undefined, name: 'ci' },
  { project: 'crew', name: 'ci' },
  { project: 'team', name: 'other' },
  { project: 'team', name: 'ci' },
  { project: 'gone', name: 'ci' },
  { project: 'lost', name: 'ci' },
  { project: undefined, name: 'other' },
]

test('robots are found by their name and the present or a former name of their project', async () => {
  const found = await findLoginsByName(db, keys)

  expect(found.map((login) => login?.robot.id)).toEqual([
    undefined,
    ofSystem,
    ofTeam,
    undefined,
    ofTeam,
    undefined,
    undefined,
    undefined,
  ])
  expect(found[2]).toEqual({
    secretHash: 'hash of ci',
    robot: {
      id: ofTeam,
      name: 'ci',
      project: { id: team, name: 'team' },
      disabled: false,
      generation: 1,
      grants: [{ kind: 'project', project: { id: team, name: 'team' }, access: PULL }],
    },
  })
})

test('what a robot may in a project that is gone it may no longer', async () => {
  const [login] = await findLoginsByName(db, [{ project: undefined, name: 'ci' }])

  expect(login?.robot.grants).toHaveLength(3)
  expect(login?.robot.grants).toEqual(
    expect.arrayContaining([
      { kind: 'system', access: [{ resource: 'user', action: 'list' }] },
      { kind: 'project', access: PULL },
      { kind: 'project', project: { id: team, name: 'team' }, access: PULL },
    ]),
  )
})

test('robots are found by id, but for those of a project that is gone', async () => {
  const found = await findLoginsById(db, [ofGone, ofSystem, 999, ofTeam])

  expect(found.map((login) => login?.robot.id)).toEqual([undefined, ofSystem, undefined, ofTeam])
  const [byName] = await findLoginsByName(db, [{ project: 'team', name: 'ci' }])
  expect(found[3]).toEqual(byName)
})

test('they are found together with a project, or with none where there is none of that name', async () => {
  const wanted = ['team', 'open', 'crew', 'none', 'gone', 'lost']
  const robot = { project: 'team', name: 'ci' }

  const found = await findLoginsInProject(db, [
    { project: 'team', name: 'other', wanted: 'team' },
    ...wanted.map((name) => ({ ...robot, wanted: name })),
    { project: undefined, name: 'ci', wanted: 'open' },
  ])

  const inTeam = { id: team, public: false, roles: [] }
  const inOpen = { id: open, public: true, roles: [] }
  expect(found.map((login) => login && [login.robot.id, login.wanted])).toEqual([
    undefined,
    [ofTeam, inTeam],
    [ofTeam, inOpen],
    [ofTeam, inTeam],
    [ofTeam, undefined],
    [ofTeam, undefined],
    [ofTeam, undefined],
    [ofSystem, inOpen],
  ])
})
