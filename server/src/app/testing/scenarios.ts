import { buffer } from 'node:stream/consumers'
import { type Logger, pino } from 'pino'
import { createContinuousCollector } from '../../gc/continuous.ts'
import { openTaskLog } from '../../jobs/task-log.ts'
import { ObjectExistsError } from '../../storage/errors.ts'
import { blobKey, taskLogKey } from '../../storage/paths.ts'
import { someBytes } from '../../storage/suite/bytes.ts'
import { type Client, createClient, digestOf, manifestOf } from './client.ts'
import type { Program } from './program.ts'
import type { Promises } from './promises.ts'
import { runScrub } from './run-scrub.ts'

/** Where a way of writing is tried: two processes over one store and one database. */
export interface Stage {
  programs: readonly [Program, Program]
  clients: readonly [Client, Client]
  promises: Promises
  /** Kept from the preparation for the work. */
  kept: Map<string, string>
}

/** A way of writing. The work can be done again after it was interrupted anywhere. */
export interface Scenario {
  name: string
  /** Faults that there are while it is under way. */
  tolerates?: readonly string[]
  /** It asks no database. */
  filesOnly?: boolean
  /** Faults that stay when all is done. */
  leaves?: readonly string[]
  prepare?(stage: Stage): Promise<void>
  work(stage: Stage): Promise<void>
}

export function stageOf(
  first: Program,
  second: Program,
  promises: Promises,
  kept: Map<string, string>,
): Stage {
  return {
    programs: [first, second],
    clients: [createClient(first, promises), createClient(second, promises)],
    promises,
    kept,
  }
}

/** Where most is pushed to. */
export const APP = 'p/app'
export const OTHER = 'p/other'
const config = someBytes(300, 1)
const small = someBytes(400, 7)
const layer = someBytes(5000, 2)
const large = someBytes(4500, 8)
/** Ten batches of what `openOver` writes, and synced twice on the way: as a layer of some 20 MiB. */
const huge = someBytes(80 * 1024, 10)
const chunks = [someBytes(2000, 3), someBytes(1500, 4), someBytes(1000, 5), someBytes(500, 6)] as const
/** The image that is pushed. */
export const image = { config, layers: [layer] }

/** Every way in which something gets into the store, or out of it. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'an image: blobs in one request and two, a streamed one, the manifest',
    async work({ clients: [client] }) {
      await client.pushWhole(APP, config)
      await client.pushWhole(APP, large)
      await client.finish(APP, await client.begin(APP), small, small)
      await client.finish(APP, await client.append(await client.begin(APP), layer), Buffer.alloc(0), layer)
      await client.pushManifest(APP, 'v1', image)
    },
  },
  {
    name: 'a large upload that is synced while more of it comes',
    async work({ clients: [client] }) {
      const location = await client.append(await client.begin(APP), huge)
      await client.finish(APP, location, Buffer.alloc(0), huge)
    },
  },
  {
    name: 'chunks that come to two processes in turn',
    async work({ clients: [first, second] }) {
      const [one, two, three, four] = chunks
      let location = await first.begin(APP)
      location = await first.append(location, one)
      location = await second.append(location, two)
      location = await first.append(location, three)
      await second.finish(APP, location, four, Buffer.concat(chunks))
    },
  },
  {
    name: 'an upload that is taken over from a writer that died',
    async work({ clients: [first, second], programs: [{ uploads }] }) {
      const [one, two] = chunks
      const location = await first.append(await first.begin(APP), one)
      // As the row of a process that was killed while it wrote.
      await uploads.db.updateTable('uploads').set({ writing: true }).execute()
      const next = await second.append(location, two)
      await second.finish(APP, next, Buffer.alloc(0), Buffer.concat([one, two]))
    },
  },
  {
    name: 'an upload that is cancelled, and one with a wrong digest',
    async work({ clients: [client] }) {
      await client.cancel(await client.append(await client.begin(APP), layer))
      const location = await client.append(await client.begin(APP), layer)
      const refused = await client.finish(APP, location, Buffer.alloc(0), config).catch((error) => error)
      if (refused?.answer?.statusCode !== 400) throw refused
    },
  },
  {
    name: 'a mount, and a blob that is there already',
    async prepare({ clients: [client] }) {
      await client.pushWhole(OTHER, layer)
    },
    async work({ clients: [client] }) {
      await client.mount(APP, OTHER, layer)
      await client.pushWhole(APP, layer)
      await client.finish(APP, await client.append(await client.begin(APP), layer), Buffer.alloc(0), layer)
    },
  },
  {
    name: 'an image is deleted and collected, and comes again',
    prepare: ({ clients: [client] }) => pushImage(client, APP),
    async work(stage) {
      const [client] = stage.clients
      await client.deleteManifest(APP, digestOf(manifestOf(image)))
      await client.deleteBlob(APP, layer)
      await client.deleteBlob(APP, config)
      await collect(stage.programs[0])
      await client.pushWhole(APP, layer)
    },
  },
  {
    name: 'the scrub finds orphans, puts a manifest back and withdraws what is damaged',
    tolerates: ['missing', 'damaged', 'wrong-size', 'blob-absent', 'reference-missing', 'manifest-missing'],
    prepare: ({ clients: [client] }) => pushImage(client, APP),
    async work(stage) {
      const { programs, promises, clients } = stage
      const { storage } = programs[0].uploads
      const orphan = someBytes(700, 9)
      await storage.put(blobKey(digestOf(orphan), 1), orphan).catch(ifThere)
      // Nobody relies on what somebody has laid hands on.
      promises.blobs.delete(`${APP}@${digestOf(config)}`)
      await replace(programs[0], digestOf(config), Buffer.from('spoilt'))
      await replace(programs[0], digestOf(manifestOf(image)), undefined)
      await runScrub(programs[0])
      await clients[0].pushWhole(APP, config)
    },
  },
  {
    name: 'the log of a job',
    filesOnly: true,
    leaves: ['orphan'],
    async work({ programs: [{ uploads }], promises, kept }) {
      // Each attempt is a run of its own, as it is of a worker.
      const run = kept.size + 1
      kept.set(String(run), '')
      let failure: unknown
      const log = { error: ({ err }: { err: unknown }) => (failure ??= err) } as unknown as Logger
      const taskLog = openTaskLog({ storage: uploads.storage, log }, { id: 17, run })
      for (const [index, line] of ['one', 'two'].entries()) {
        taskLog.write(line)
        await taskLog.close()
        if (failure !== undefined) throw failure
        const key = taskLogKey(17, run, index + 1)
        promises.objects.set(key, await buffer(await uploads.storage.read(key)))
      }
    },
  },
]

export async function pushImage(client: Client, repository: string): Promise<void> {
  await client.pushWhole(repository, config)
  await client.pushWhole(repository, layer)
  await client.pushManifest(repository, 'v1', image)
}

/** A round that deletes what is marked, then marks and deletes what nothing references. */
export async function collect({ artifacts }: Program): Promise<void> {
  await createContinuousCollector({ ...artifacts, log: pino({ level: 'silent' }) })()
}

/** Lays hands on the object that a digest is served from. */
async function replace({ uploads }: Program, digest: string, bytes: Buffer | undefined): Promise<void> {
  const { db, storage } = uploads
  const object = await db
    .selectFrom('blob_objects')
    .innerJoin('blobs', 'blobs.id', 'blob_objects.blob_id')
    .select('key')
    .where('digest', '=', digest)
    .where('state', '=', 'stored')
    .executeTakeFirst()
  // By an earlier attempt.
  if (object === undefined) return
  await storage.delete(object.key)
  if (bytes !== undefined) await storage.put(object.key, bytes)
}

function ifThere(error: unknown): void {
  if (!(error instanceof ObjectExistsError)) throw error
}
