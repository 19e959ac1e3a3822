import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bucket, startBucket } from '../harness/bucket.ts'
import { type ExternalDatabase, startDatabase } from '../harness/postgres.ts'
import { createProject, openAsAdministrator, type Project } from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'
import { openUnreliableWay, type UnreliableWay } from '../harness/unreliable.ts'
import { disagreements } from '../scrub/disagreements.ts'
import { checkProject } from '../soak/checker.ts'
import { seeded } from '../soak/worker.ts'
import { type Acknowledged, checkAcknowledged, pushUntil } from './pushing.ts'

const tools = await findTools('versitygw')
/** `PORTOLAN_BUCKET_SECONDS` makes it longer. */
const seconds = Number(process.env.PORTOLAN_BUCKET_SECONDS ?? 6)
/** Of a server that cannot reach its bucket, however often it asks. */
const UNAVAILABLE = 503

describeWith('two servers on a bucket whose answers are refused, lost and cut', tools, (files) => {
  let database: ExternalDatabase
  let bucket: Bucket
  let way: UnreliableWay
  let env: Record<string, string> = {}
  let servers: RunningServer[] = []
  let each: Registry[] = []
  let project: Project

  beforeAll(async () => {
    database = await startDatabase()
    bucket = await startBucket(files.versitygw)
    way = await openUnreliableWay(bucket.env.PORTOLAN_STORAGE_S3_ENDPOINT ?? '', seeded(9))
    env = {
      ...bucket.env,
      PORTOLAN_STORAGE_S3_ENDPOINT: way.url,
      PORTOLAN_DATABASE_URL: database.url,
      PORTOLAN_SECRET_KEY: randomBytes(32).toString('base64'),
    }
    servers = await Promise.all([startServer({ env }), startServer({ env })])
    each = servers.map(openAsAdministrator)
    project = await createProject(servers[0] as RunningServer)
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.dispose()))
    await way?.close()
    await bucket?.stop()
    await database?.stop()
  })

  test('what was acknowledged is there and whole, and nothing else is shown', {
    timeout: 120_000 + seconds * 3000,
  }, async () => {
    const images: Acknowledged[] = []
    const faults: string[] = []
    const repositories = ['a', 'b'].map((name) => `${project.name}/${name}`)
    const end = Date.now() + seconds * 1000

    // Retries bear most of the first half; in the second one clients have to come again.
    way.worsen(10)
    setTimeout(() => way.worsen(40), seconds * 500)
    await Promise.all(
      [0, 1, 2, 3].map((at) =>
        pushUntil(end, {
          registry: each[at % 2] as Registry,
          repositories,
          name: `client-${at}`,
          random: seeded(at + 1),
          interruptions: [UNAVAILABLE],
          acknowledged: (image) => images.push(image),
          fault: (what) => faults.push(what),
        }),
      ),
    )
    way.worsen(0)

    process.stdout.write(`${JSON.stringify({ images: images.length, met: way.met })}\n`)
    expect(faults).toEqual([])
    expect(images.length).toBeGreaterThan(0)
    for (const kind of Object.values(way.met)) expect(kind).toBeGreaterThan(0)
    for (const registry of each) expect(await checkAcknowledged(registry, images)).toEqual([])
    expect((await checkProject(each[0] as Registry, project.name)).faults).toEqual([])
    // Of pushes that came to nothing there may be objects that no row knows yet.
    const kinds = await disagreements(servers[0]?.dataDirectory ?? '', env)
    expect(kinds.filter((kind) => kind !== 'orphan')).toEqual([])
    for (const server of servers) expect(server.log()).not.toMatch(/unhandled|"level":"fatal"/i)
  })
})
