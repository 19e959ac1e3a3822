import { pbkdf2Sync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Principal } from '../../access/model.ts'
import { processorTimeOf } from '../../lib/testing-time.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import type { RobotsDeps } from '../../robots/service.ts'
import { changeRobot, createRobot, deleteRobot, renewSecret } from '../../robots/service.ts'
import { findByIds } from '../../robots/store.ts'
import { harborHash } from '../../users/passwords.ts'
import { makeUser } from '../../users/testing.ts'
import {
  authenticateBasic,
  authenticateBearer,
  authenticateRegistry,
  authenticateRest,
  forgetRobot,
} from '../service.ts'
import { createWorld, projectsOf, type World } from '../testing.ts'
import { ensureSigningKey } from '../tokens/keys.ts'
import { parseScopes } from '../tokens/scope.ts'
import { issueToken } from '../tokens/service.ts'

const HERE = '192.0.2.1'
const root = { id: 1, username: 'admin' }
const ROOT: Principal = { kind: 'user', sysadmin: true, generation: 1, ...root }

let database: TestDatabase
let world: World
let robots: RobotsDeps
let team: number

beforeAll(async () => {
  database = await createTestDatabase()
  const { db } = database
  await makeUser(db, 'ann')
  const owner = await db.selectFrom('users').select('id').executeTakeFirstOrThrow()
  const project = await db
    .insertInto('projects')
    .values({ name: 'team', owner_id: owner.id })
    .returning('id')
    .executeTakeFirstOrThrow()
  team = project.id
})
afterAll(() => database.drop())
beforeEach(async () => {
  const { db } = database
  await db.deleteFrom('robots').execute()
  await db.deleteFrom('signing_keys').execute()
  world = createWorld(db, projectsOf({ team: { id: team, public: false, roles: [] } }))
  await ensureSigningKey({ db, box: world.box, now: world.auth.now })
  robots = {
    db,
    passwords: world.auth.passwords,
    namePrefix: world.auth.robotNamePrefix,
    defaultDays: () => 30,
    onRobotChanged: (id) => forgetRobot(world.auth, id),
  }
})

const access = [{ resource: 'repository', action: 'push' }]
const inTeam = [{ kind: 'project', namespace: 'team', access }]

async function create(change: { secret?: string; duration?: number; name?: string } = {}) {
  const input = { name: 'ci', level: 'project' as const, description: '', duration: 1, disabled: false }
  const { id, loginName, secret } = await createRobot(
    robots,
    ROOT,
    { ...input, entries: inTeam, ...change },
    root,
  )
  return { id, name: loginName, secret }
}

const attempt = (username: string, password: string, address = HERE, auth = world.auth) =>
  authenticateBasic(auth, { username, password, address })
const basic = (name: string, secret: string) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`

describe('a name and a secret', () => {
  it.each([{}, { secret: 'Chosen12345' }])('are those of a robot, created with %j', async (change) => {
    const { id, name, secret } = await create(change)

    expect(await attempt(name, secret)).toMatchObject({
      kind: 'robot',
      id,
      username: 'robot$team+ci',
      projectId: team,
    })
    expect(await attempt(name, `${secret}x`)).toBeUndefined()
    expect(await attempt('robot$ci', secret)).toBeUndefined()
    expect(await attempt('robot$other+ci', secret)).toBeUndefined()
    expect(await attempt(name, '')).toBeUndefined()
  })

  it('are good for REST and for the registry', async () => {
    const { name, secret } = await create()
    const authorization = basic(name, secret)

    const rest = await authenticateRest(world.auth, { authorization, sessionId: undefined, address: HERE })
    const registry = await authenticateRegistry(world.auth, { authorization, address: HERE })

    expect(rest).toMatchObject({ kind: 'robot', username: name })
    expect(registry).toMatchObject({ via: 'basic', principal: { kind: 'robot', username: name } })
  })

  it('of a robot of Harbor go on working, and are kept as a password from then on', async () => {
    const { id, name } = await create()
    const hex = pbkdf2Sync('Imported1', 'salt', 4096, 16, 'sha256').toString('hex')
    const secret_hash = harborHash('sha256', 'salt', hex)
    await database.db.updateTable('robots').set({ secret_hash }).execute()

    expect(await attempt(name, 'Imported1')).toMatchObject({ id })
    const [stored] = await findByIds(database.db, [id])
    expect(stored?.secretHash).toMatch(/^\$argon2id\$/)
    expect(await attempt(name, 'Imported1')).toMatchObject({ id })
  })

  it('count no longer once the robot is disabled, at its end, without a secret, or its project deleted', async () => {
    const { id, name, secret } = await create()
    const robot = (set: object) => database.db.updateTable('robots').set(set).where('id', '=', id).execute()
    const project = (deletion_time: Date | null) =>
      database.db.updateTable('projects').set({ deletion_time }).execute()

    await robot({ disabled: true })
    expect(await attempt(name, secret)).toBeUndefined()
    await robot({ disabled: false })
    await project(new Date())
    expect(await attempt(name, secret)).toBeUndefined()
    await project(null)
    expect(await attempt(name, secret)).toMatchObject({ id })
    world.pass(24 * 60 * 60 + 60)
    expect(await attempt(name, secret)).toBeUndefined()
    await robot({ secret_hash: null, expiry_time: null })
    expect(await attempt(name, secret)).toBeUndefined()
  })

  it('follow the project when it gets another name, the former one included', async () => {
    const { id, secret } = await create()
    const { db } = database
    await db.updateTable('projects').set({ name: 'crew' }).where('id', '=', team).execute()
    await db.insertInto('project_aliases').values({ name: 'team', project_id: team }).execute()

    expect(await attempt('robot$crew+ci', secret)).toMatchObject({ id, username: 'robot$crew+ci' })
    expect(await attempt('robot$team+ci', secret)).toMatchObject({ id, username: 'robot$crew+ci' })

    await db.deleteFrom('project_aliases').execute()
    await db.updateTable('projects').set({ name: 'team' }).where('id', '=', team).execute()
  })

  it('are held up after wrong ones where a person chose them, and never where they were generated', async () => {
    const chosen = await create({ secret: 'Chosen12345' })
    const generated = await create({ name: 'cd' })
    for (let round = 0; round < 6; round += 1) {
      await attempt(chosen.name, 'Wrong1234')
      await attempt(generated.name, 'Wrong1234')
    }

    expect(await attempt(chosen.name, chosen.secret)).toBeUndefined()
    expect(await attempt(chosen.name, chosen.secret, '198.51.100.7')).toMatchObject({ id: chosen.id })
    expect(await attempt(generated.name, generated.secret)).toMatchObject({ id: generated.id })
  })

  it('take as long when they are wrong as those of a robot that is none', async () => {
    const { name } = await create()
    const time = (username: string, address: string) =>
      processorTimeOf(() => attempt(username, 'Wrong1234', address))
    const known: number[] = []
    const unknown: number[] = []
    for (let round = 0; round < 9; round += 1) {
      known.push(await time(name, `192.0.2.${round}`))
      unknown.push(await time('robot$team+nobody', `192.0.2.${round}`))
    }
    const median = (times: number[]) => times.sort((a, b) => a - b)[4] ?? 0

    expect(median(known) / median(unknown)).toBeGreaterThan(0.5)
    expect(median(known) / median(unknown)).toBeLessThan(2)
  })
})

describe('the registry token of a robot', () => {
  const scopes = parseScopes(['repository:team/app:pull,push'])

  async function issue() {
    const { id, name, secret } = await create()
    const principal = await attempt(name, secret)
    if (!principal) throw new Error('the robot could not log in')
    const { token } = await issueToken(world.auth, principal, scopes)
    return { id, name, token }
  }

  it('says what the robot may, pull with push, and stands for the robot', async () => {
    const { id, token } = await issue()
    const read = await authenticateBearer(world.auth, token)

    expect(read?.access).toEqual([{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }])
    expect(read?.principal).toMatchObject({ kind: 'robot', id })
  })

  const change = (entries = inTeam, disabled = false) => ({
    loginName: 'robot$team+ci',
    level: 'project',
    description: '',
    disabled,
    entries,
  })
  const endings: [string, (id: number) => Promise<unknown>][] = [
    ['a new secret', (id) => renewSecret(robots, ROOT, id, undefined, root)],
    ['its deletion', (id) => deleteRobot(robots, ROOT, id, root)],
    ['being disabled', (id) => changeRobot(robots, ROOT, id, change(inTeam, true), root)],
  ]

  it.each(endings)('ends with %s: here at once, in other processes within 5 s', async (_what, end) => {
    const { id, token } = await issue()
    const another = world.another()
    expect(await authenticateBearer(another, token)).toBeDefined()

    await end(id)

    expect(await authenticateBearer(world.auth, token)).toBeUndefined()
    world.pass(5)
    expect(await authenticateBearer(another, token)).toBeUndefined()
  })

  it('stays void when a disabled robot is enabled again', async () => {
    const { id, token } = await issue()
    await changeRobot(robots, ROOT, id, change(inTeam, true), root)
    await changeRobot(robots, ROOT, id, change(), root)

    expect(await authenticateBearer(world.auth, token)).toBeUndefined()
  })

  it('ends when the robot does', async () => {
    const { token } = await issue()
    await database.db.updateTable('robots').set({ expiry_time: new Date() }).execute()
    world.pass(6)

    expect(await authenticateBearer(world.auth, token)).toBeUndefined()
  })

  it('goes with what the robot may by now', async () => {
    const { id, token } = await issue()
    const less = [{ kind: 'project', namespace: 'team', access: [{ resource: 'tag', action: 'list' }] }]
    await changeRobot(robots, ROOT, id, change(less), root)
    const read = await authenticateBearer(world.auth, token)

    expect(read?.principal.kind === 'robot' && [...read.principal.permissions.projects.values()]).toEqual([
      new Set(['tag:list']),
    ])
  })

  it('is the same for who asks for the same within a minute, and another one afterwards', async () => {
    const { name, secret } = await create()
    const principal = await attempt(name, secret)
    if (!principal) throw new Error('the robot could not log in')
    const ask = async (scope = scopes) => (await issueToken(world.auth, principal, scope)).token
    const first = await ask()

    expect(await ask()).toBe(first)
    expect(await ask(parseScopes(['repository:team/other:pull']))).not.toBe(first)
    world.pass(61)
    expect(await ask()).not.toBe(first)
  })
})

describe('a robot that creates robots', () => {
  const maker = {
    kind: 'robot' as const,
    id: 99,
    username: 'robot$maker',
    permissions: {
      system: new Set(['robot:create' as const]),
      everyProject: new Set<never>(),
      projects: new Map(),
    },
  }
  const entry = (kind: string, namespace: string, resource: string, action: string) => [
    { kind, namespace, access: [{ resource, action }] },
  ]
  const make = (entries: ReturnType<typeof entry>) =>
    createRobot(
      robots,
      {
        ...maker,
        permissions: {
          ...maker.permissions,
          projects: new Map([[team, new Set(['repository:pull' as const])]]),
        },
      },
      { name: 'made', level: 'system', description: '', duration: 1, disabled: false, entries },
      { id: 99, username: 'robot$maker', robot: true },
    )

  it('gives what it has, and is its creator', async () => {
    const { id } = await make(entry('project', 'team', 'repository', 'pull'))
    const [stored] = await findByIds(database.db, [id])

    expect(stored?.robot.creator).toEqual({ type: 'robot', id: 99 })
  })

  it.each([
    entry('project', 'team', 'repository', 'push'),
    entry('project', '*', 'repository', 'pull'),
    entry('system', '/', 'user', 'list'),
  ])('gives no more: %j', async (...entries) => {
    await expect(make(entries)).rejects.toMatchObject({ kind: 'denied' })
  })
})
