import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPython } from '../../../scripts/peers/python.ts'
import { succeed } from '../../harness/command.ts'
import { contractFile, contractTitle, hasContract } from '../../harness/contract.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { type Operation, readOperations } from '../../harness/openapi.ts'
import { openAsAdministrator } from '../../harness/project.ts'
import { type RunningServer, startServer } from '../../harness/server.ts'

/**
 * Who may call what: the recorded program asks every operation as nine callers in two projects and writes the
 * statuses down; they are compared with what Harbor answered, by that program's own rule. Whoever Harbor lets
 * in is let in as far as 501 where the operation is not built yet.
 */
type Statuses = Record<
  string,
  { id: string } & Record<'private' | 'public', Record<string, number> | undefined>
>

interface Verdict {
  id: string
  project: 'private' | 'public'
  caller: string
  was: number
  is: number
}

/** Verdicts that differ on purpose, each with its reason. */
interface Difference {
  operation: string
  callers: string[]
  reason: string
}

const title = contractTitle('the contract of Harbor: who may call what', 'access.py')

describe.skipIf(!hasContract())(title, () => {
  let server: RunningServer
  let verdicts: Verdict[]
  let operations: Map<string, Operation>
  let differences: Difference[]

  beforeAll(async () => {
    const python = await findPython('requests')
    if (python === undefined) throw new Error('no Python has the module requests: npm run install-peers')
    server = await startServer({ env: { PORTOLAN_ADMIN_PASSWORD: 'Harbor12345' } })
    const output = await temporaryDirectory('access')
    const file = path.join(output.path, 'access.json')
    await succeed(python, [contractFile('access.py'), 'record', server.url, file])
    verdicts = compare(await read(contractFile('access.json')), await read(file))
    await output.remove()
    const all = await readOperations(openAsAdministrator(server))
    operations = new Map(all.map((operation) => [operation.id, operation]))
    differences = await read(path.join(import.meta.dirname, 'recorded-differences.json'))
  })

  afterAll(async () => {
    await server?.dispose()
  })

  const isPending = ({ id }: Verdict) => operations.get(id)?.pending === true
  const isDeliberate = ({ id, caller }: Verdict) =>
    differences.some((one) => one.operation === id && one.callers.includes(caller))

  test('every verdict on what is built agrees', () => {
    const wrong = verdicts.filter((one) => !isPending(one) && !isDeliberate(one) && !agrees(one))

    expect(wrong.map(sentence)).toEqual([])
  })

  test('what is pending refuses whom Harbor refuses, and tells the others that it is not built yet', () => {
    const wrong = verdicts.filter(
      (one) =>
        isPending(one) && !isDeliberate(one) && (isRefusal(one.was) ? !isRefusal(one.is) : one.is !== 501),
    )

    expect(wrong.map(sentence)).toEqual([])
  })

  test('exactly the operations that are listed as pending answer 501', () => {
    const answering = new Set(verdicts.filter(({ is }) => is === 501).map(({ id }) => id))
    const pending = [...operations.values()].filter((operation) => operation.pending).map(({ id }) => id)
    const unreachable = pending.filter((id) => !answering.has(id))

    expect([...answering].filter((id) => !pending.includes(id))).toEqual([])
    expect(unreachable.filter((id) => id !== 'getInternalconfig')).toEqual([])
  })

  test('every difference on purpose is one still', () => {
    const stale = differences.flatMap(({ operation, callers }) =>
      callers.filter(
        (caller) =>
          !verdicts.some(
            (one) => one.id === operation && one.caller === caller && !asExpected(one, isPending(one)),
          ),
      ),
    )

    expect(stale).toEqual([])
  })
})

function compare(recorded: Statuses, ours: Statuses): Verdict[] {
  return Object.entries(recorded).flatMap(([name, row]) =>
    (['private', 'public'] as const).flatMap((project) =>
      Object.entries(row[project] ?? {}).map(([caller, was]) => ({
        id: row.id,
        project,
        caller,
        was,
        is: ours[name]?.[project]?.[caller] ?? 0,
      })),
    ),
  )
}

function asExpected(verdict: Verdict, pending: boolean): boolean {
  return agrees(verdict) || (pending && !isRefusal(verdict.was) && verdict.is === 501)
}

/** The rule of the recorded program: refused where it was, let in where it was, no failure of ours anywhere. */
function agrees({ was, is }: Verdict): boolean {
  return is > 0 && is < 500 && (was >= 500 || isRefusal(was) === isRefusal(is))
}

function isRefusal(status: number): boolean {
  return status === 401 || status === 403
}

function sentence({ id, project, caller, was, is }: Verdict): string {
  return `${id} as ${caller} in a ${project} project: was ${was}, is ${is}`
}

async function read<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8'))
}
