import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProject, openAsAdministrator, type Project } from '../harness/project.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { portolan } from '../running/portolan.ts'
import { workOnce } from '../soak/random-work.ts'
import { seeded } from '../soak/worker.ts'

const SECONDS = 12
const CLIENTS = 8

let server: RunningServer
let projects: Project[]

beforeAll(async () => {
  server = await startServer({ env: { PORTOLAN_GC_GRACE: '1s', PORTOLAN_TRASH_DAYS: '0' } })
  projects = [await createProject(server), await createProject(server)]
})
afterAll(() => server?.dispose())

interface Report {
  agree: boolean
  faults: Record<string, unknown>
  checked: { objects: number; artifacts: number }
}

async function report(...options: string[]): Promise<{ code: number; report: Report; stderr: string }> {
  const cwd = server.dataDirectory
  const env = { PORTOLAN_DATA_DIRECTORY: cwd }
  const { code, stdout, stderr } = await portolan(['scrub', '--report', '--json', ...options], { cwd, env })
  return { code, report: JSON.parse(stdout) as Report, stderr }
}

test('a report beside pushes, deletions, copies and collection finds nothing that is not so', {
  timeout: (SECONDS + 120) * 1000,
}, async () => {
  const registry = openAsAdministrator(server)
  const end = Date.now() + SECONDS * 1000
  const work = async (seed: number) => {
    const random = seeded(seed)
    const worker = {
      registry,
      projects: projects.map(({ name }) => name),
      limited: projects[1]?.id ?? 0,
      graceSeconds: 1,
      random,
      saw: () => undefined,
      keptSoFar: [],
      kept: () => undefined,
    }
    while (Date.now() < end) await workOnce(worker)
  }
  const looking = async () => {
    const reports: Report[] = []
    while (Date.now() < end) reports.push((await report('--rehash')).report)
    return reports
  }

  const [reports] = await Promise.all([
    looking(),
    ...Array.from({ length: CLIENTS }, (_, at) => work(at + 1)),
  ])
  const { code, report: last } = await report('--rehash')

  // Pushes that began again, since others had made their tag meanwhile, leave what they had placed: that is so.
  for (const { faults } of reports)
    expect(Object.keys(faults).filter((fault) => fault !== 'orphan')).toEqual([])
  expect(reports.length).toBeGreaterThan(0)
  expect(Math.max(...reports.map(({ checked }) => checked.artifacts))).toBeGreaterThan(0)
  expect(Object.keys(last.faults).filter((fault) => fault !== 'orphan')).toEqual([])
  expect(code).toBe(last.agree ? 0 : 1)
})
