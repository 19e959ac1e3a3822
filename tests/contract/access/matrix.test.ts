import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AccessTable, type Operation, readAccessTable, readOperations } from '../../harness/openapi.ts'
import { type ExternalDatabase, startDatabase } from '../../harness/postgres.ts'
import { type RunningServer, startServer } from '../../harness/server.ts'
import { makeMember, makeProject, makeWorld, type World } from '../operations/world.ts'
import { snapshot } from '../snapshot.ts'
import type { Caller } from './caller.ts'
import { makeCallers } from './callers.ts'
import { isLetIn, permissionOf } from './expectation.ts'
import { requestFor, type Target } from './request.ts'
import { makeTarget } from './target.ts'

/** How many calls are on their way at once. */
const AT_ONCE = 8

interface Attempt {
  caller: Caller
  operation: Operation
  target: Target
  letIn: boolean
}

/**
 * Every operation of the running program, by every caller, in a private and in a public project: who is let in is what
 * the route declares, read against the one table of permissions.
 */
describe('who may call what, by the declarations of the routes', () => {
  let database: ExternalDatabase
  let server: RunningServer
  let world: World
  let attempts: Attempt[]
  let targets: Target[]

  beforeAll(async () => {
    database = await startDatabase()
    server = await startServer({ env: { PORTOLAN_DATABASE_URL: database.url } })
    world = await makeWorld(server)
    const projects = [world.project, await makeProject(world.admin, { public: true })]
    for (const [role, person] of Object.entries(world.people)) {
      const [, open] = projects
      if (role !== 'stranger' && open) await makeMember(world.admin, open, person, role as 'guest')
    }
    const callers = await makeCallers(world, projects, (id) => expireRobot(database, id))
    targets = await Promise.all(projects.map((project, at) => makeTarget(world.admin, project, at === 1)))
    const table = await readAccessTable(world.admin)
    const operations = (await readOperations(world.admin)).filter(({ path }) => path.startsWith('/api/v2.0/'))
    attempts = plan(operations, callers, targets, table)
  })

  afterAll(async () => {
    await server?.dispose()
    await database?.stop()
  })

  test('whoever may not is refused, and nothing has changed', async () => {
    const refused = attempts.filter(({ letIn }) => !letIn)
    const before = await snapshot(
      world.admin,
      targets.map(({ project }) => project),
    )

    const wrong = await makeAttempts(refused)

    expect(refused.length).toBeGreaterThan(1000)
    expect(wrong).toEqual([])
    expect(
      await snapshot(
        world.admin,
        targets.map(({ project }) => project),
      ),
    ).toEqual(before)
  })

  test('whoever may is let in', async () => {
    const letIn = attempts.filter((attempt) => attempt.letIn)
    const [last, first] = split(letIn, ({ operation }) => operation.method === 'DELETE')

    const wrong = [...(await makeAttempts(first)), ...(await makeAttempts(last))]

    expect(letIn.length).toBeGreaterThan(1000)
    expect(wrong).toEqual([])
  })
})

/** A robot lives a day at least, and no test waits that long. */
async function expireRobot({ url }: ExternalDatabase, id: number): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query("UPDATE robots SET expiry_time = now() - interval '1 hour' WHERE id = $1", [id])
  await client.end()
}

function plan(
  operations: readonly Operation[],
  callers: readonly Caller[],
  targets: readonly Target[],
  table: AccessTable,
): Attempt[] {
  return operations.flatMap((operation) =>
    callers.flatMap((caller) =>
      targets
        .filter(({ project }) => caller.only === undefined || caller.only === project.id)
        .map((target) => ({
          caller,
          operation,
          target,
          letIn: isLetIn(caller.standing, permissionOf(operation), target.project, table),
        })),
    ),
  )
}

/** Asks, and answers a sentence for each who was refused or let in wrongly, or met a failure. */
async function makeAttempts(attempts: readonly Attempt[]): Promise<string[]> {
  const wrong: string[] = []
  const queue = [...attempts]
  const work = async () => {
    for (let attempt = queue.shift(); attempt !== undefined; attempt = queue.shift()) {
      const complaint = await makeAttempt(attempt)
      if (complaint !== undefined) wrong.push(complaint)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))

  return wrong
}

async function makeAttempt({ caller, operation, target, letIn }: Attempt): Promise<string | undefined> {
  const call = requestFor(operation, target)
  const { status } = await caller.send(call)
  const isRefused = status === 401 || status === 403
  const failed = status >= 500 && !(operation.pending && status === 501)
  if (isRefused !== letIn && !failed) return undefined

  return `${operation.id} [${call.method} ${call.path}] as ${caller.name}: ${status}, should be ${letIn ? 'let in' : 'refused'}`
}

function split<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))]
}
