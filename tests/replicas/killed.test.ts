import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProject, type Project } from '../harness/project.ts'
import { type Replicas, startReplicas } from '../harness/replicas.ts'
import type { RunningServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'
import { checkProject } from '../soak/checker.ts'
import { seeded } from '../soak/worker.ts'
import { type Acknowledged, checkAcknowledged, pushUntil } from './pushing.ts'

const tools = await findTools('nginx')
/** `PORTOLAN_REPLICA_KILLS` makes it more. */
const kills = Number(process.env.PORTOLAN_REPLICA_KILLS ?? 3)
const clients = 6

describeWith('three servers behind nginx, one of them killed after the other', tools, (files) => {
  let replicas: Replicas
  let project: Project

  beforeAll(async () => {
    replicas = await startReplicas(files.nginx, 3)
    project = await createProject(replicas.servers[0] as RunningServer)
  })
  afterAll(() => replicas?.dispose())

  test(`what was acknowledged is there, whole and everywhere, and nothing else: ${kills} kills`, {
    timeout: 120_000 + kills * 30_000,
  }, async () => {
    const images: Acknowledged[] = []
    const faults: string[] = []
    const repositories = ['a', 'b', 'c'].map((name) => `${project.name}/${name}`)
    const random = seeded(6)
    const end = { at: Number.POSITIVE_INFINITY }
    const pushing = Promise.all(
      Array.from({ length: clients }, async (_, at) => {
        while (Date.now() < end.at) {
          await pushUntil(Date.now() + 500, {
            registry: replicas.anywhere,
            repositories,
            name: `client-${at}-${Date.now()}`,
            random: seeded(at + 1),
            acknowledged: (image) => images.push(image),
            fault: (what) => faults.push(what),
          })
        }
      }),
    )
    const acknowledged: number[] = []
    const killing = async () => {
      for (let kill = 0; kill < kills; kill += 1) {
        const before = images.length
        await sleep(500 + random() * 1500)
        const victim = replicas.servers[kill % 3] as RunningServer
        await victim.kill()
        await victim.restart()
        acknowledged.push(images.length - before)
      }
      end.at = 0
    }

    await Promise.all([pushing, killing()])

    process.stdout.write(`${JSON.stringify({ kills, images: images.length, acknowledged })}\n`)
    expect(faults).toEqual([])
    // While one was away the others went on.
    expect(acknowledged.filter((count) => count === 0)).toEqual([])
    for (const registry of replicas.each) expect(await checkAcknowledged(registry, images)).toEqual([])
    const [first] = replicas.each
    if (first) expect((await checkProject(first, project.name)).faults).toEqual([])
    // Of pushes that were cut off there may be objects that no row knows yet.
    expect((await replicas.disagreements()).filter((kind) => kind !== 'orphan')).toEqual([])
  })
})
