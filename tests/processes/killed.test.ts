import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { useSite } from '../harness/site.ts'
import { type Acknowledged, checkAcknowledged, pushUntil } from '../replicas/pushing.ts'
import { disagreements } from '../scrub/disagreements.ts'
import { checkProject } from '../soak/checker.ts'
import { pick, seeded } from '../soak/worker.ts'
import { answering, entries, openOnNewConnections } from './several.ts'

/** `PORTOLAN_PROCESS_KILLS` makes it more. */
const kills = Number(process.env.PORTOLAN_PROCESS_KILLS ?? 4)
const clients = 6
const PROCESSES = 3
const site = useSite({ env: { PORTOLAN_PROCESSES: String(PROCESSES) } })

test(`what was acknowledged is there and whole while processes are killed at random: ${kills} kills`, {
  timeout: 120_000 + kills * 30_000,
}, async () => {
  const images: Acknowledged[] = []
  const faults: string[] = []
  const registry = openOnNewConnections(site.server)
  const repositories = ['a', 'b', 'c'].map((name) => `${site.project}/${name}`)
  const random = seeded(7)
  let over = false
  const pushing = Promise.all(
    Array.from({ length: clients }, async (_, at) => {
      while (!over) {
        await pushUntil(Date.now() + 500, {
          registry,
          repositories,
          name: `client-${at}-${Date.now()}`,
          random: seeded(at + 1),
          acknowledged: (image) => images.push(image),
          fault: (what) => faults.push(what),
        })
      }
    }),
  )
  const killing = async () => {
    for (let kill = 0; kill < kills; kill += 1) {
      await sleep(500 + random() * 2500)
      process.kill(pick(random, await answering(site.server)), 'SIGKILL')
    }
    await expect.poll(async () => (await answering(site.server)).length, { timeout: 60_000 }).toBe(PROCESSES)
    over = true
  }

  await Promise.all([pushing, killing()])

  process.stdout.write(`${JSON.stringify({ kills, images: images.length })}\n`)
  expect(faults).toEqual([])
  expect(images.length).toBeGreaterThan(0)
  expect(await checkAcknowledged(registry, images)).toEqual([])
  expect((await checkProject(registry, site.project)).faults).toEqual([])
  // Of pushes that were cut off there may be objects that no row knows yet.
  const found = await disagreements(site.server.dataDirectory)
  expect(found.filter((kind) => kind !== 'orphan')).toEqual([])
  // Of all that went wrong there is nothing but those who died.
  const errors = entries(site.server.log()).filter(({ level }) => level === 'error' || level === 'fatal')
  expect(
    errors.filter(({ msg }) => msg !== 'a process has ended by itself, and another takes its place'),
  ).toEqual([])
  expect(errors).toHaveLength(kills)
})
