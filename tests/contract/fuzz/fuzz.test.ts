import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, json } from '../../harness/http.ts'
import { type AccessTable, type Operation, readAccessTable, readOperations } from '../../harness/openapi.ts'
import { openRegistry, type Registry } from '../../harness/registry.ts'
import { changedTables, openRows, type Rows } from '../../harness/rows.ts'
import { type RunningServer, startServer } from '../../harness/server.ts'
import { isLetIn, permissionOf } from '../access/expectation.ts'
import type { Target } from '../access/request.ts'
import { makeTarget } from '../access/target.ts'
import { ask, makeUser, makeWorld, type World } from '../operations/world.ts'
import { snapshot } from '../snapshot.ts'
import { callOf, type FuzzCall } from './arbitraries.ts'
import { changingRefusals, isRefused } from './refusals.ts'

/** Calls of each operation by each caller. */
const RUNS = 20
/** Of those that take filters, which have more to go wrong. */
const FILTER_RUNS = 60
/** Of each that writes, to see that it writes nothing where it is refused. */
const REFUSED_RUNS = 10

/** What would end the experiment: the settings that say who can log in. */
const LEFT_OUT = new Set(['updateConfigurations'])

/**
 * Odd paths, queries and bodies for every operation that is built, made from its own description: whatever is said to it,
 * the server answers without failing, and where it refuses it has changed nothing.
 */
describe('odd calls made from the description', () => {
  let server: RunningServer
  let world: World
  let operations: Operation[]
  let target: Target
  let table: AccessTable
  let sysadmin: Registry
  let rows: Rows

  beforeAll(async () => {
    server = await startServer()
    rows = await openRows(server)
    world = await makeWorld(server)
    table = await readAccessTable(world.admin)
    operations = (await readOperations(world.admin)).filter(
      ({ id, pending, path }) => !pending && path.startsWith('/api/v2.0/') && !LEFT_OUT.has(id),
    )
    target = await makeTarget(world.admin, world.project, false)
    const user = await makeUser(world.admin)
    await ask(world.admin, 'PUT', `/api/v2.0/users/${user.id}/sysadmin`, { sysadmin_flag: true })
    sysadmin = openRegistry(server.url, user)
  })

  afterAll(async () => {
    await rows?.close()
    await server?.dispose()
  })

  const projects = () => [world.project, world.other]

  test('of somebody who may not change nothing', async () => {
    const standing = { kind: 'user', role: 'developer' } as const
    const forbidden = operations.filter(
      (one) => !isLetIn(standing, permissionOf(one), { public: false }, table),
    )
    const before = await snapshot(world.admin, projects())

    const complaints = await fuzz(forbidden, target, (operation, call) =>
      complaintOfRefused(world.as('developer'), operation, call),
    )

    expect(forbidden.length).toBeGreaterThan(20)
    expect(complaints).toEqual([])
    expect(await snapshot(world.admin, projects())).toEqual(before)
  })

  test('of a developer and of an administrator are never a failure of ours', async () => {
    // What takes things away comes last.
    const ordered = [...operations].sort(
      (a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'),
    )

    const complaints: string[] = []
    for (const caller of [world.as('developer'), sysadmin]) {
      complaints.push(
        ...(await fuzz(ordered, target, (operation, call) => complaintOf(caller, operation, call))),
      )
    }

    expect(operations.length).toBeGreaterThan(30)
    expect(complaints).toEqual([])
  })

  test('that were refused have changed nothing, whoever made them', async () => {
    const writing = operations.filter(({ method }) => method !== 'GET' && method !== 'HEAD')
    const changed: string[] = []
    let refusals = 0
    for (const operation of writing) {
      const calls = fc.sample(callOf(operation, target), REFUSED_RUNS).map((call) => ({
        name: `${operation.method} ${pathOf(operation, call)} ${JSON.stringify(call.body)?.slice(0, 400)}`,
        send: () => send(sysadmin, operation, call),
      }))
      // What succeeds may change what it likes; what is refused is made a second time, by itself.
      const refused: typeof calls = []
      for (const call of calls) if (isRefused(await call.send())) refused.push(call)
      const before = await rows.read()
      for (const call of refused) await call.send()
      refusals += refused.length
      if (changedTables(before, await rows.read()).length > 0)
        changed.push(...(await changingRefusals(rows, refused)))
    }

    expect(refusals).toBeGreaterThan(500)
    expect(changed).toEqual([])
  })
})

/** Runs the property over each operation and answers the smallest call that breaks it, where one does. */
async function fuzz(
  operations: readonly Operation[],
  target: Target,
  complain: (operation: Operation, call: FuzzCall) => Promise<string | undefined>,
): Promise<string[]> {
  const complaints: string[] = []
  for (const operation of operations) {
    const property = fc.asyncProperty(callOf(operation, target), async (call) => {
      const complaint = await complain(operation, call)
      if (complaint !== undefined) throw new Error(complaint)
    })
    const { failed, errorInstance, seed } = await fc.check(property, {
      numRuns: takesFilters(operation) ? FILTER_RUNS : RUNS,
    })
    if (failed) complaints.push(`${operation.id}: ${String(errorInstance)} (seed ${seed})`)
  }
  return complaints
}

function takesFilters({ parameters }: Operation): boolean {
  return parameters.some(({ name }) => name === 'q')
}

async function complaintOf(registry: Registry, operation: Operation, call: FuzzCall) {
  const answer = await send(registry, operation, call)
  if (answer.status < 500 && isWellFormed(answer)) return undefined

  return `${operation.method} ${pathOf(operation, call)} ${JSON.stringify(call.body)?.slice(0, 400)}: ${answer.status} ${answer.body.toString('utf8')}`
}

async function complaintOfRefused(registry: Registry, operation: Operation, call: FuzzCall) {
  const answer = await send(registry, operation, call)
  // Another path can be another operation's, and one that cannot be read is nobody's.
  if (answer.status >= 400 && answer.status < 500) return undefined

  return `${operation.method} ${pathOf(operation, call)}: ${answer.status}, should be refused`
}

function isWellFormed(answer: Answer): boolean {
  if (answer.status < 400 || answer.body.length === 0) return true
  if (!/json/.test(answer.headers['content-type'] ?? '')) return true

  return Array.isArray((json(answer) as { errors?: unknown }).errors)
}

function send(registry: Registry, operation: Operation, call: FuzzCall): Promise<Answer> {
  return ask(registry, operation.method, pathOf(operation, call), call.body)
}

function pathOf(operation: Operation, { path, query }: FuzzCall): string {
  const filled = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encode(path[name] ?? ''))
  const search = query.map(([name, value]) => `${name}=${encode(value)}`).join('&')

  return search === '' ? filled : `${filled}?${search}`
}

/** Half a surrogate pair has no encoding. */
function encode(value: string): string {
  return encodeURIComponent(value.toWellFormed())
}
