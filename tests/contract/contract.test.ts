import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../harness/command.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { openAsAdministrator } from '../harness/project.ts'
import { openRepository } from '../harness/repository.ts'
import { type RunningServer, startServer } from '../harness/server.ts'

/**
 * Asks the program what a real Harbor was asked while its answers were recorded. The recording, with the
 * checker that compares, lies beside the checkout; where it does not, this is skipped.
 */
const contract =
  process.env.PORTOLAN_CONTRACT ?? path.resolve(import.meta.dirname, '../../../shared/contract')
const checker = path.join(contract, 'contract.mjs')
const isThere = await access(checker).then(
  () => true,
  () => false,
)

/** The topics whose objects exist so far. */
const topics = [
  'auth-and-session',
  'labels',
  'members',
  'ping-health-systeminfo',
  'projects',
  'token-service',
  'users',
  'v2-challenge-and-errors',
  'v2-content',
]

/** Differences on purpose, each with its reason. */
const differences = path.join(import.meta.dirname, 'differences.json')

interface Found {
  field: string
  what: string
}

interface Report {
  topics: {
    topic: string
    steps: {
      name: string
      request: string
      as: string
      result: string
      wrong: Found[]
      deliberate: Found[]
    }[]
  }[]
}

interface Difference {
  topic: string
  step: string
  field: string
  reason: string
}

const title = isThere
  ? 'the contract of Harbor'
  : `the contract of Harbor (skipped: ${checker} is not there; PORTOLAN_CONTRACT names its folder)`

/** A step that nothing could be asked in, because what an earlier step makes is refused here: listed with the field `*`. */
function isListed(listed: readonly Difference[], topic: string, step: string): boolean {
  return listed.some((one) => one.topic === topic && one.step === step && one.field === '*')
}

describe.skipIf(!isThere)(title, () => {
  let server: RunningServer
  let report: Report
  let listed: Difference[]

  beforeAll(async () => {
    server = await startServer()
    // The recorded server was not empty: behind what the topics push, its catalogue had more.
    await openRepository(openAsAdministrator(server), 'library/zebra').pushImage('latest')
    listed = JSON.parse(await readFile(differences, 'utf8'))
    const output = await temporaryDirectory('contract')
    const file = path.join(output.path, 'report.json')
    const args = ['--only', topics.join(','), '--differences', differences, '--json', file]
    const credentials = `admin:${server.adminPassword}`
    const { stdout, stderr } = await run(process.execPath, [
      checker,
      'check',
      server.url,
      '--admin',
      credentials,
      ...args,
    ])
    report = JSON.parse(
      await readFile(file, 'utf8').catch(() => Promise.reject(new Error(`no report\n${stdout}\n${stderr}`))),
    )
    await output.remove()
  })

  afterAll(async () => {
    await server?.dispose()
  })

  test.each(topics)('%s agrees', (topic) => {
    const steps = report.topics.find((found) => found.topic === topic)?.steps ?? []

    const failures = steps.flatMap(({ name, request, as, result, wrong }) =>
      result === 'agree' || (result === 'not run' && isListed(listed, topic, name))
        ? []
        : wrong.map(({ field, what }) => `${name} [${request}] as ${as}: ${field} ${what}`),
    )

    expect(steps.length).toBeGreaterThan(0)
    expect(failures).toEqual([])
  })

  test('every difference on purpose is one still', () => {
    const stale = listed.filter(({ topic, step, field }) => {
      const found = report.topics.find((one) => one.topic === topic)?.steps.find((one) => one.name === step)
      if (found?.result === 'not run') return field !== '*'
      return !found?.deliberate.some(
        (one) => field === '*' || one.field === field || one.field.startsWith(`${field}/`),
      )
    })

    expect(stale).toEqual([])
  })
})
