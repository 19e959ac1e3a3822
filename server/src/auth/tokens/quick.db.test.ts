import type { FastifyInstance } from 'fastify'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Principal } from '../../access/model.ts'
import { createContextLookup } from '../../members/context-lookup.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import { addProject, projectsDeps } from '../../projects/testing.ts'
import { createRobotLookup } from '../../robots/lookup.ts'
import type { RobotsDeps } from '../../robots/service.ts'
import { changeRobot, createRobot, deleteRobot, renewSecret } from '../../robots/service.ts'
import { makeUser, TEST_PASSWORD } from '../../users/testing.ts'
import { createApp, createWorld, type World } from '../testing.ts'
import { ensureSigningKey } from './keys.ts'
import { quickToken } from './quick.ts'

const root = { id: 1, username: 'admin' }
const ROOT: Principal = { kind: 'user', sysadmin: true, generation: 1, ...root }
const PUSH = [{ resource: 'repository', action: 'push' }]
const SERVICE = 'service=harbor-registry'
const PULL_APP = `scope=repository:team/app:pull&${SERVICE}`

let database: TestDatabase
let world: World
let app: FastifyInstance
let robots: RobotsDeps
let team: number
let robot: { id: number; loginName: string; secret: string }

beforeAll(async () => {
  database = await createTestDatabase()
  const { db } = database
  await makeUser(db, 'ann', createWorld(db, async () => undefined).auth.passwords)
  const { id } = await db.selectFrom('users').select('id').executeTakeFirstOrThrow()
  team = await addProject(projectsDeps(db), { id, username: 'ann' }, 'team')
  await addProject(projectsDeps(db), { id, username: 'ann' }, 'hidden')
  await addProject(projectsDeps(db), { id, username: 'ann' }, 'open', true)
  await db.insertInto('project_aliases').values({ name: 'crew', project_id: team }).execute()
})
afterAll(() => database.drop())
beforeEach(async () => {
  const { db } = database
  await db.deleteFrom('robots').execute()
  await db.deleteFrom('signing_keys').execute()
  world = createWorld(db, createContextLookup(db))
  await ensureSigningKey({ db, box: world.box, now: world.auth.now })
  app = await createApp(world.auth)
  robots = {
    db,
    passwords: world.auth.passwords,
    namePrefix: world.auth.robotNamePrefix,
    defaultDays: () => 30,
    // Nothing is told: what the quick way answers must not depend on it.
    onRobotChanged: () => undefined,
  }
  robot = await create('ci')
})

async function create(name: string, change: { secret?: string; level?: 'system' } = {}) {
  const entries = [{ kind: 'project', namespace: 'team', access: PUSH }]
  const input = { name, level: 'project' as const, description: '', duration: 1, disabled: false }
  return await createRobot(robots, ROOT, { ...input, entries, ...change }, root)
}

const basic = (name: string, secret: string) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
const shown = ({ loginName, secret } = robot) => basic(loginName, secret)
const quickly = (query = PULL_APP, authorization: string | undefined = shown()) =>
  quickToken(world.auth, { query, authorization })

async function slowly(query = PULL_APP, authorization = shown()) {
  const answer = await app.inject({ url: `/service/token?${query}`, headers: { authorization } })
  return { status: answer.statusCode, body: answer.body }
}

describe('a robot with its secret is told quickly what it is told slowly', () => {
  test.each([
    ['one repository', PULL_APP],
    ['one, as Go’s clients write it', `scope=repository%3Ateam%2Fapp%3Apull%2Cpush&${SERVICE}`],
    ['one, as docker asks', `account=robot%24team%2Bci&client_id=docker&offline_token=true&${PULL_APP}`],
    ['several', `scope=repository:team/b:pull&scope=repository:team/a:push&${SERVICE}`],
    ['several in one', `scope=repository:team/b:pull%20repository:team/a/c:push&${SERVICE}`],
    ['the same twice', `${PULL_APP}&scope=repository:team/app:push`],
    ['under a former name', `scope=repository:crew/app:pull&${SERVICE}`],
    ['of a project that it may not see', `scope=repository:hidden/app:pull&${SERVICE}`],
    ['of a project that is not there', `scope=repository:none/app:pull&${SERVICE}`],
    ['of a public project', `scope=repository:open/app:pull&${SERVICE}`],
  ])('%s', async (_what, query) => {
    const quick = await quickly(query)

    expect(quick).toBeDefined()
    expect(await slowly(query)).toEqual({ status: 200, body: JSON.stringify(quick) })
  })

  test('of the system', async () => {
    const authorization = shown(await create('ci', { level: 'system' }))
    const quick = await quickly(PULL_APP, authorization)

    expect(await slowly(PULL_APP, authorization)).toEqual({ status: 200, body: JSON.stringify(quick) })
  })

  test('and it is what the robot may', async () => {
    const quick = await quickly()

    expect(decodeJwt(quick?.token ?? '')).toMatchObject({
      sub: 'robot$team+ci',
      rid: robot.id,
      access: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }],
      projects: { team },
    })
  })
})

describe('the long way is for', () => {
  test.each([
    ['no scope', SERVICE],
    ['an empty one', `scope=&${SERVICE}`],
    ['repositories of two projects', `${PULL_APP}&scope=repository:open/app:pull`],
    ['another kind of thing', `${PULL_APP}&scope=registry:catalog:*`],
    ['no repository of a project', `scope=repository:app:pull&${SERVICE}`],
    ['a name that nobody can have', `scope=repository:team%00/app:pull&${SERVICE}`],
    ['no service', 'scope=repository:team/app:pull'],
    ['another service', 'service=other&scope=repository:team/app:pull'],
    ['two services', `${PULL_APP}&${SERVICE}`],
    ['a parameter that is not known', `${PULL_APP}&a=b`],
    ['one without a value', `${PULL_APP}&account`],
    ['one with another sign of equality', `${PULL_APP}&account=a=b`],
    ['a semicolon', `${PULL_APP};a=b`],
    ['a plus', `scope=repository:team/app:pull+repository:team/b:pull&${SERVICE}`],
    ['what does not decode', `${PULL_APP}&account=%zz`],
    ['bytes that are no text', `${PULL_APP}&account=%c3%28`],
    ['a coded name of a parameter', `%73cope=repository:team/app:pull&${SERVICE}`],
    [
      'more scopes than there may be',
      Array.from({ length: 101 }, (_, at) => `scope=repository:team/a${at}:pull&`).join('') + SERVICE,
    ],
  ])('%s', (_what, query) => {
    expect(quickly(query)).toBeUndefined()
  })

  test('whoever is no robot with a secret that was generated', () => {
    const { loginName, secret } = robot
    for (const authorization of [
      '',
      'Basic',
      'Basic !!!',
      `Bearer ${secret}`,
      basic('ann', TEST_PASSWORD),
      basic('ann', secret),
      basic(loginName, 'Chosen12345'),
      basic(loginName, `ptl_${secret}`),
      basic(`${loginName}\u0000`, secret),
    ]) {
      expect(quickly(PULL_APP, authorization)).toBeUndefined()
    }
  })

  test.each([
    ['a robot that is not there', (secret: string) => basic('robot$team+other', secret)],
    ['one of another project', (secret: string) => basic('robot$open+ci', secret)],
    ['a secret that is another one', () => basic('robot$team+ci', 'x'.repeat(43))],
  ])('%s', async (_what, authorizationOf) => {
    expect(await quickly(PULL_APP, authorizationOf(robot.secret))).toBeUndefined()
  })

  test('a secret of somebody’s choice, though it looks as if it were generated', async () => {
    const secret = `Chosen12345${'x'.repeat(32)}`
    const chosen = await create('chosen', { secret })

    expect(await quickly(PULL_APP, basic(chosen.loginName, secret))).toBeUndefined()
  })
})

describe('a robot that had a token a moment ago gets none any more, here and in other processes,', () => {
  const change = (disabled: boolean) => ({
    loginName: 'robot$team+ci',
    level: 'project',
    description: '',
    disabled,
    entries: [{ kind: 'project', namespace: 'team', access: PUSH }],
  })

  test.each<[string, () => Promise<unknown>]>([
    ['disabled', () => changeRobot(robots, ROOT, robot.id, change(true), root)],
    ['with a new secret', () => renewSecret(robots, ROOT, robot.id, undefined, root)],
    ['deleted', () => deleteRobot(robots, ROOT, robot.id, root)],
    [
      'expired',
      () =>
        database.db
          .updateTable('robots')
          .set({ expiry_time: new Date(0) })
          .execute(),
    ],
  ])('%s', async (_how, end) => {
    expect(await quickly()).toBeDefined()

    await end()

    expect(await quickly()).toBeUndefined()
    expect(await quickToken(world.another(), { query: PULL_APP, authorization: shown() })).toBeUndefined()
    const { status, body } = await slowly()
    expect([status, decodeJwt(JSON.parse(body).token)]).toMatchObject([200, { access: [{ actions: [] }] }])
  })

  test('and one with fewer rights gets a token that says so', async () => {
    await quickly()
    const access = [{ resource: 'repository', action: 'pull' }]
    const less = { ...change(false), entries: [{ kind: 'project', namespace: 'team', access }] }
    await changeRobot(robots, ROOT, robot.id, less, root)

    expect(decodeJwt((await quickly())?.token ?? '')).toMatchObject({ access: [{ actions: ['pull'] }] })
  })
})

test('wrong secrets that take the quick way first slow down as ever', async () => {
  const wrong = basic(robot.loginName, 'x'.repeat(43))
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect(await quickly(PULL_APP, wrong)).toBeUndefined()
    await slowly(PULL_APP, wrong)
  }

  expect(world.auth.throttle.refusal(`robot ${robot.id}`, '127.0.0.1')).toBeGreaterThan(0)
  // Who knows the secret is never held up.
  expect(await quickly()).toBeDefined()
})

test('what is asked for together costs one statement', async () => {
  const others = await Promise.all([1, 2, 3].map((at) => create(`ci-${at}`)))
  let statements = 0
  const watched = database.db.withPlugin({
    transformQuery({ node }) {
      statements += 1
      return node
    },
    transformResult: async ({ result }) => result,
  })
  const auth = { ...world.auth, robots: createRobotLookup(watched) }

  const found = await Promise.all(
    [robot, ...others, robot].map((each) =>
      quickToken(auth, { query: PULL_APP, authorization: shown(each) }),
    ),
  )

  expect(found.map((answer) => decodeJwt(answer?.token ?? '').rid)).toEqual(
    [robot, ...others, robot].map(({ id }) => id),
  )
  expect(statements).toBe(1)
})
