import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createProject, openAsAdministrator } from '../harness/project.ts'
import { useSite } from '../harness/site.ts'
import { checkProject } from './checker.ts'
import { seeded, workOnce } from './random-work.ts'

/** Seconds; `PORTOLAN_SOAK_SECONDS` makes it a long one. */
const seconds = Number(process.env.PORTOLAN_SOAK_SECONDS ?? 12)
const clients = 12

const site = useSite()

test('pushes, deletions, copies, tags and moves that meet all the time leave everything as it must be', {
  timeout: (seconds + 120) * 1000,
}, async () => {
  const admin = openAsAdministrator(site.server)
  const projects = [await createProject(site.server), await createProject(site.server)].map(
    ({ name }) => name,
  )
  const seen = new Map<string, number>()
  const faults: string[] = []
  const end = Date.now() + seconds * 1000
  const work = async (seed: number) => {
    const worker = {
      registry: admin,
      projects,
      random: seeded(seed),
      saw: (what: string, answer: { status: number; body: Buffer }, allowed: readonly number[]) => {
        const key = `${what} ${answer.status}`
        seen.set(key, (seen.get(key) ?? 0) + 1)
        if (!allowed.includes(answer.status)) faults.push(`${key} ${answer.body.toString('utf8')}`)
      },
    }
    while (Date.now() < end) await workOnce(worker)
  }

  await Promise.all(Array.from({ length: clients }, (_, seed) => work(seed + 1)))

  expect(faults).toEqual([])
  for (const what of [
    'push a manifest 201',
    'delete artifact 200',
    'delete repository 200',
    'copy 201',
    'move 200',
  ]) {
    expect(seen.get(what), what).toBeGreaterThan(0)
  }
  // What is swept behind a deletion has time to be.
  await sleep(3000)
  for (const project of projects) {
    const { faults, referenced, used } = await checkProject(admin, project)
    expect(faults).toEqual([])
    // Blobs whose manifest was refused count until they are a day old.
    expect(used).toBeGreaterThanOrEqual(referenced)
    expect(used - referenced).toBeLessThan(20_000)
  }
  expect(site.server.log()).not.toContain('deadlock detected')
})
