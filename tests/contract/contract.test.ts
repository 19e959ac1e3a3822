import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../harness/command.ts'
import { contractFile, contractTitle, hasContract } from '../harness/contract.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { openAsAdministrator } from '../harness/project.ts'
import { openRepository } from '../harness/repository.ts'
import { type RunningServer, startServer } from '../harness/server.ts'

/**
 * Asks the program what a real Harbor was asked while its answers were recorded, with the checker that lies beside the
 * recording.
 */
const checker = contractFile('contract.mjs')

/** The topics whose objects exist, all of which agree step by step. */
const topics = [
  'artifacts',
  'audit-logs',
  'auth-and-session',
  'labels',
  'members',
  'permissions',
  'ping-health-systeminfo',
  'projects',
  'quotas',
  'repositories',
  'robots',
  'search',
  'statistics',
  'token-service',
  'usergroups',
  'users',
  'v2-challenge-and-errors',
  'v2-content',
  'immutable-tags',
  'retention',
  'webhooks',
  'z-configurations',
  'z-cve-allowlist',
  'z-gc',
  'z-jobservice',
  'z-purge-audit',
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

/** A step that nothing could be asked in, because what an earlier step makes is refused here: listed with the field `*`. */
function isListed(listed: readonly Difference[], topic: string, step: string): boolean {
  return listed.some((one) => one.topic === topic && one.step === step && one.field === '*')
}

describe.skipIf(!hasContract())(contractTitle('the contract of Harbor', 'contract.mjs'), () => {
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

  const stepsOf = (topic: string) => report.topics.find((found) => found.topic === topic)?.steps ?? []

  test.each(topics)('%s agrees', (topic) => {
    const steps = stepsOf(topic)

    const failures = steps.flatMap(({ name, request, as, result, wrong }) =>
      result === 'agree' || (result === 'not run' && isListed(listed, topic, name))
        ? []
        : result === 'not run'
          ? [`${name} was not run`]
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
