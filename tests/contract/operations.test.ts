import { readFile } from 'node:fs/promises'
import { HARBOR_OPERATIONS } from '@portolan/api/operations'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contractFile, contractTitle, hasContract } from '../harness/contract.ts'
import { type Answer, json } from '../harness/http.ts'
import { type Operation, readOperations } from '../harness/openapi.ts'
import type { Registry } from '../harness/registry.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { undocumented } from './documented.ts'
import type { CallOfRow, Row } from './operations/row.ts'
import { LENIENT, ROWS } from './operations/rows.ts'
import { harborComplaints, schemaComplaints } from './operations/shape.ts'
import { ask, makeWorld, type World } from './operations/world.ts'

let server: RunningServer
let world: World
let operations: Map<string, Operation>

beforeAll(async () => {
  server = await startServer()
  world = await makeWorld(server)
  operations = new Map((await readOperations(world.admin)).map((one) => [one.id, one]))
})

afterAll(async () => {
  await server?.dispose()
})

describe('the table of operations', () => {
  test('has a row for each operation of Harbor that is built, and none for what is pending', () => {
    const rows = ROWS.map(({ operation }) => operation)
    const built = HARBOR_OPERATIONS.filter(({ id }) => operations.get(id)?.pending === false).map(
      ({ id }) => id,
    )

    expect(built.filter((id) => !rows.includes(id))).toEqual([])
    expect(rows.filter((id) => operations.get(id)?.pending !== false)).toEqual([])
    expect(rows).toEqual([...new Set(rows)])
  })

  test('names a wrong parent wherever the path names something', () => {
    const without = ROWS.filter(({ operation, wrongParent }) => {
      const named = operations.get(operation)?.path.includes('{') ?? false
      return named !== (wrongParent !== undefined)
    })

    expect(without.map(({ operation }) => operation)).toEqual([])
  })
})

describe.each(ROWS.map((row) => [row.operation, row] as const))('%s', (id, row) => {
  test('is refused, knows its parent, and works', async () => {
    const operation = getOperation(id)
    const call = (await row.arrange?.(world)) ?? {}

    const refusal = await refuse(operation, row, call)
    const stray = row.wrongParent && (await send(world.admin, operation, stray404(row, call)))
    const answer = await send(world.as(row.as ?? 'admin'), operation, call)

    const answers = [refusal, stray, answer].filter((one) => one !== undefined)
    expect(answers.flatMap((one) => undocumented(operation, one) ?? [])).toEqual([])
    if (refusal) expectRefusal(refusal, row)
    if (stray) expectStray(stray, row)
    expectSuccess(answer, operation, row)
    await row.check?.({ world, answer, body: bodyOf(answer), call })
  })
})

describe.skipIf(!hasContract())(contractTitle('the facts of Harbor’s operations', 'operations.json'), () => {
  test('are those of the recorded contract', async () => {
    const { operations: recorded } = JSON.parse(await readFile(contractFile('operations.json'), 'utf8')) as {
      operations: { id: string; tag: string; method: string; path: string; responses: object }[]
    }

    const theirs = recorded.map(({ id, tag, method, path, responses }) => ({
      id,
      tag,
      method,
      path: path.replace('/api/v2.0', ''),
      statuses: Object.keys(responses)
        .map(Number)
        .filter((status) => status !== 500)
        .sort(),
    }))
    const ours = HARBOR_OPERATIONS.map((one) => ({ ...one, statuses: [...one.statuses].sort() }))

    expect(ours.sort(byId)).toEqual(theirs.sort(byId))
  })
})

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1
}

function getOperation(id: string): Operation {
  const operation = operations.get(id)
  if (operation === undefined) throw new Error(`the program has no operation ${id}`)
  return operation
}

function refuse(operation: Operation, { refused }: Row, call: CallOfRow): Promise<Answer> | undefined {
  if (refused === 'nobody') {
    expect(operation.permission).toBe('anonymous')
    return undefined
  }
  if (typeof refused === 'string') return send(world.as(refused), operation, call)

  return send(world.admin, operation, { ...call, ...refused, path: { ...call.path, ...refused.path } })
}

function stray404({ wrongParent }: Row, call: CallOfRow): CallOfRow {
  return { ...call, path: { ...call.path, ...wrongParent?.(world, call) } }
}

function send(registry: Registry, { method, path }: Operation, call: CallOfRow): Promise<Answer> {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(call.path?.[name])),
  )
  const query = new URLSearchParams(
    Object.entries(call.query ?? {}).map(([name, value]) => [name, String(value)] as [string, string]),
  ).toString()

  return ask(registry, method, query === '' ? filled : `${filled}?${query}`, call.body, call.headers)
}

function expectRefusal(answer: Answer, { refused }: Row): void {
  if (typeof refused === 'string') expect([401, 403]).toContain(answer.status)
  else expect(answer.status).toBe(refused.status)
  expectErrors(answer)
}

function expectStray(answer: Answer, { wrongStatus }: Row): void {
  if (wrongStatus === undefined) expect([403, 404]).toContain(answer.status)
  else expect(answer.status).toBe(wrongStatus)
  expectErrors(answer)
}

/** Harbor's list of errors; HEAD has no body to put it in. */
function expectErrors(answer: Answer): void {
  if (answer.body.length === 0) return
  expect(json(answer)).toEqual({
    errors: [{ code: expect.stringMatching(/^[A-Z_]+$/), message: expect.any(String) }],
  })
}

function expectSuccess(answer: Answer, operation: Operation, row: Row): void {
  const described = HARBOR_OPERATIONS.find(({ id }) => id === operation.id)?.statuses ?? [200]
  const expected = row.status ?? described[0]
  const text = answer.body.toString('utf8')
  expect({ status: answer.status, text }).toEqual({ status: expected, text })
  expect(answer.headers['x-request-id']).toEqual(expect.any(String))
  if (expected === 201 && row.located !== false) expect(answer.headers.location).toMatch(/^\/api\/v2\.0\//)

  const body = bodyOf(answer)
  const schema = operation.answers[String(answer.status)]
  if (schema) expect(schemaComplaints(schema, body)).toEqual([])
  if (answer.status < 300) expect(harborComplaints(operation.id, body, LENIENT)).toEqual([])
  const paged = operation.parameters.some(({ name }) => name === 'page_size')
  if (paged && Array.isArray(body))
    expect(Number(answer.headers['x-total-count'])).toBeGreaterThanOrEqual(body.length)
}

function bodyOf(answer: Answer): unknown {
  if (answer.body.length === 0) return undefined

  return /\bjson/.test(answer.headers['content-type'] ?? '') ? json(answer) : answer.body.toString('utf8')
}
