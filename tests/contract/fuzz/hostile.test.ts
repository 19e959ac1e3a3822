import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../../harness/http.ts'
import { type Operation, readOperations } from '../../harness/openapi.ts'
import { openRegistry, type Registry } from '../../harness/registry.ts'
import { changedTables, openRows, type Rows } from '../../harness/rows.ts'
import { type RunningServer, startServer } from '../../harness/server.ts'
import type { Target } from '../access/request.ts'
import { makeTarget } from '../access/target.ts'
import { ask, makeUser, makeWorld, type World } from '../operations/world.ts'
import { type HostileCall, hostileCalls } from './hostile-calls.ts'
import { changingRefusals, isRefused } from './refusals.ts'

/** What the busiest machine that runs tests may take for one call. */
const PATIENCE_MS = 30_000

/** Every second call, the others at the next operation; `PORTOLAN_HOSTILE=whole` makes them all. */
const isWhole = process.env.PORTOLAN_HOSTILE === 'whole'
// Not always the same values at all places of a body.
const isTaken = (call: number, operation: number) => isWhole || (call + (call >> 4) + operation) % 2 === 0

/** What would end the experiment comes at the end of it. */
const LAST = ['DELETE', 'updateConfigurations', 'setUserSysAdmin']

/**
 * Names, numbers and bodies that have broken servers before, at every place of every operation: each is answered in time and
 * without a failure of ours, and a call that is refused has left the database as it was.
 */
describe('hostile values at every place of the description', () => {
  let server: RunningServer
  let rows: Rows
  let world: World
  let target: Target
  let sysadmin: Registry
  let operations: Operation[]

  beforeAll(async () => {
    server = await startServer()
    rows = await openRows(server)
    world = await makeWorld(server)
    target = await makeTarget(world.admin, world.project, false)
    const user = await makeUser(world.admin)
    await ask(world.admin, 'PUT', `/api/v2.0/users/${user.id}/sysadmin`, { sysadmin_flag: true })
    sysadmin = openRegistry(server.url, user)
    const place = ({ id, method }: Operation) => Math.max(LAST.indexOf(id), LAST.indexOf(method))
    operations = (await readOperations(world.admin))
      .filter(({ path }) => path.startsWith('/api/v2.0/') || path.startsWith('/v2/'))
      .sort((a, b) => place(a) - place(b))
  })

  afterAll(async () => {
    await rows?.close()
    await server?.dispose()
  })

  test('are answered in time, without a failure, and change nothing where they are refused', async () => {
    const complaints: string[] = []
    let calls = 0
    for (const [at, operation] of operations.entries()) {
      const hostile = hostileCalls(operation, target).filter((_, call) => isTaken(call, at))
      calls += hostile.length
      const before = await rows.read()
      const answers: Answered[] = []
      for (const one of hostile) answers.push(await answered(sysadmin, one))
      complaints.push(...answers.flatMap((one) => complaintOf(operation, one)))
      const refused = answers
        .filter(({ answer }) => isRefused(answer))
        .map(({ hostile: { name, call } }) => ({
          name: `${operation.id}: ${name}`,
          send: () => sysadmin.send(call),
        }))
      if (changedTables(before, await rows.read()).length > 0) {
        complaints.push(...(await changingRefusals(rows, refused)))
      }
    }

    expect(operations.length).toBeGreaterThan(100)
    expect(calls).toBeGreaterThan(5000)
    expect(complaints).toEqual([])
  }, 600_000)
})

interface Answered {
  hostile: HostileCall
  /** Undefined where there was none in time. */
  answer: Answer | undefined
}

async function answered(registry: Registry, hostile: HostileCall): Promise<Answered> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, undefined)
  })
  const answer = await Promise.race([registry.send(hostile.call), late])
  clearTimeout(timer)
  return { hostile, answer }
}

function complaintOf(operation: Operation, { hostile, answer }: Answered): string[] {
  if (!answer) return [`${operation.id}: ${hostile.name}: no answer in time`]
  const failure = answer.status >= 500 && !(operation.pending && answer.status === 501)
  return failure ? [`${operation.id}: ${hostile.name}: ${answer.status} ${answer.body}`] : []
}
