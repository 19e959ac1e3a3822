import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AccessTable, type Operation, readAccessTable, readOperations } from '../../harness/openapi.ts'
import { type RunningServer, startServer } from '../../harness/server.ts'
import { create, makeMember, makeProject, makeUser, makeWorld, type World } from '../operations/world.ts'
import type { Caller } from './caller.ts'
import { makeCallers } from './callers.ts'
import { isLetIn, permissionOf } from './expectation.ts'
import { requestFor, type Target } from './request.ts'

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
  let server: RunningServer
  let world: World
  let attempts: Attempt[]
  let targets: Target[]

  beforeAll(async () => {
    server = await startServer()
    world = await makeWorld(server)
    const projects = [world.project, await makeProject(world.admin, { public: true })]
    for (const [role, person] of Object.entries(world.people)) {
      const [, open] = projects
      if (role !== 'stranger' && open) await makeMember(world.admin, open, person, role as 'guest')
    }
    const callers = await makeCallers(world, projects)
    targets = await Promise.all(projects.map((project, at) => makeTarget(world, project, at === 1)))
    const table = await readAccessTable(world.admin)
    const operations = (await readOperations(world.admin)).filter(({ path }) => path.startsWith('/api/v2.0/'))
    attempts = plan(operations, callers, targets, table)
  })

  afterAll(async () => {
    await server?.dispose()
  })

  test('whoever may not is refused, and nothing has changed', async () => {
    const refused = attempts.filter(({ letIn }) => !letIn)
    const before = await snapshot(world, targets)

    const wrong = await makeAttempts(refused)

    expect(refused.length).toBeGreaterThan(1000)
    expect(wrong).toEqual([])
    expect(await snapshot(world, targets)).toEqual(before)
  })

  test('whoever may is let in', async () => {
    const letIn = attempts.filter((attempt) => attempt.letIn)
    const [last, first] = split(letIn, ({ operation }) => operation.method === 'DELETE')

    const wrong = [...(await makeAttempts(first)), ...(await makeAttempts(last))]

    expect(letIn.length).toBeGreaterThan(1000)
    expect(wrong).toEqual([])
  })
})

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

async function makeTarget(
  { admin }: World,
  project: { id: number; name: string },
  isPublic: boolean,
): Promise<Target> {
  const user = await makeUser(admin)

  return {
    project: { ...project, public: isPublic },
    label: await create(admin, '/api/v2.0/labels', { name: 'target', scope: 'p', project_id: project.id }),
    member: await makeMember(admin, { ...project, digest: '' }, await makeUser(admin), 'guest'),
    user: user.id,
    robot: 999_999,
  }
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

/** What an administrator sees of what the calls are about. */
async function snapshot({ admin }: World, targets: readonly Target[]): Promise<unknown> {
  const paths = [
    '/api/v2.0/users?page_size=100&sort=username',
    '/api/v2.0/projects?page_size=100&sort=name',
    '/api/v2.0/configurations',
    '/api/v2.0/robots?page_size=100',
    '/api/v2.0/usergroups',
    '/api/v2.0/quotas?page_size=100',
    '/api/v2.0/labels?scope=g&page_size=100',
    '/api/v2.0/system/CVEAllowlist',
    '/api/v2.0/roles',
    ...targets.flatMap(({ project: { id, name } }) => [
      `/api/v2.0/projects/${id}`,
      `/api/v2.0/projects/${id}/members?page_size=100`,
      `/api/v2.0/projects/${id}/metadatas/`,
      `/api/v2.0/labels?scope=p&project_id=${id}&page_size=100`,
      `/api/v2.0/projects/${name}/repositories`,
      `/api/v2.0/projects/${name}/repositories/images/artifacts?with_label=true`,
      `/v2/${name}/images/tags/list`,
    ]),
  ]

  return Promise.all(
    paths.map(async (path) => {
      const answer = await admin.get(path)
      return { path, status: answer.status, body: answer.body.toString('utf8') }
    }),
  )
}

function split<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))]
}
