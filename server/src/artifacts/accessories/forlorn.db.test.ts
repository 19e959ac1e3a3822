import pino from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Descriptor } from '../../oci/manifest.ts'
import { OCI_IMAGE, OCI_INDEX } from '../../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import { deliver } from '../../platform/events/dispatcher.ts'
import { registerSubscriber } from '../../platform/events/progress.ts'
import { deleteArtifact } from '../deletion.ts'
import { countArtifacts } from '../listed-store.ts'
import { listArtifacts } from '../listing.ts'
import { type Bench, openBench } from '../testing.ts'
import { listTrash, restoreArtifact } from '../trash/service.ts'
import { accessoryPlaces } from './subscriber.ts'

/** Signatures whose image is not there, or not any more: artifacts of their own until it comes. */

const ACTOR = { id: 1, username: 'dev' }
const WANTED = { tags: false, labels: false, accessories: true, inheritedAccessories: false }

let database: TestDatabase
let bench: Bench

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  bench.deps.trashDays = 7
  await database.db.deleteFrom('events').execute()
  await registerSubscriber(database.db, accessoryPlaces.name)
})

const place = () => ({ repository: bench.repository, projectName: bench.projectName })
const remove = (digest: string) => deleteArtifact(bench.deps, place(), digest, ACTOR)

async function sign(subject: Descriptor): Promise<Descriptor> {
  const config = await bench.blob('application/vnd.oci.empty.v1+json', '{}')
  return bench.push({
    mediaType: OCI_IMAGE,
    artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
    config,
    layers: [],
    subject,
  })
}

/** What lists show of the repository: digests, and those of their accessories; after all has been heard of. */
async function shown(heard = true): Promise<Record<string, string[]>> {
  const log = pino({ level: 'silent' })
  while (heard && (await deliver({ db: database.db, log }, accessoryPlaces)));
  const repositoryIds = [bench.repository.id]
  const selection = { repositoryIds, filters: [], tags: [], labels: [], children: false, latest: false }
  const list = { ...selection, orders: [], page: { limit: 50, offset: 0 } }
  const { artifacts, total } = await listArtifacts(database, list, WANTED)
  expect(total).toBe(artifacts.length)
  expect((await countArtifacts(database.db, repositoryIds)).get(bench.repository.id) ?? 0).toBe(total)
  return Object.fromEntries(
    artifacts.map(({ digest, accessories }) => [digest, accessories.map((each) => each.digest)]),
  )
}

/** An image that has been there. */
async function goneImage(text: string): Promise<{ image: Descriptor; pushAgain(): Promise<Descriptor> }> {
  const pushAgain = () => bench.image(text)
  const image = await pushAgain()
  await remove(image.digest)
  return { image, pushAgain }
}

test('a signature of what is gone is listed and counted, until that comes again, and can be deleted', async () => {
  const { image, pushAgain } = await goneImage('gone')

  const signature = await sign(image)
  expect(await shown(false)).toEqual({ [signature.digest]: [] })
  await pushAgain()
  expect(await shown()).toEqual({ [image.digest]: [signature.digest] })
  await remove(image.digest)
  expect(await shown()).toEqual({})

  const again = await sign(image)
  expect(await remove(again.digest)).toBe(true)
  expect(await shown()).toEqual({})
})

test('a signature of a signature whose image is gone stands below that', async () => {
  const { image } = await goneImage('twice')
  const first = await sign(image)
  const second = await sign(first)

  expect(await shown()).toEqual({ [first.digest]: [second.digest] })
})

test('a signature, its image and the deletion of that at once: it is below what is there, or listed', async () => {
  for (let round = 0; round < 8; round += 1) {
    const { image, pushAgain } = await goneImage(`raced ${round}`)
    const [, , signature] = await Promise.all([pushAgain(), round % 2 && remove(image.digest), sign(image)])
    const all = await shown()
    const left = await database.db
      .selectFrom('artifacts')
      .select('id')
      .where('repository_id', '=', bench.repository.id)
      .where('digest', '=', signature.digest)
      .execute()
    const alone = left.length > 0 ? { [signature.digest]: [] } : {}
    expect(all, `round ${round}`).toEqual(
      image.digest in all ? { [image.digest]: [signature.digest] } : alone,
    )
    for (const digest of Object.keys(all)) await remove(digest)
  }
})

test('signatures that come back from the trash with an index and its images are below them', async () => {
  const image = await bench.image('in an index')
  const index = await bench.push({ mediaType: OCI_INDEX, manifests: [image] }, 'all')
  const [ofImage, ofIndex] = [await sign(image), await sign(index)]
  await remove(index.digest)
  expect(await shown()).toEqual({})
  const { projectId } = bench.repository
  const { artifacts } = await listTrash(database, projectId, { limit: 1, offset: 0 })
  const deps = { ...bench.deps, reclaim: async () => true }

  await restoreArtifact(deps, projectId, artifacts[0]?.id ?? 0, ACTOR)

  expect(await shown()).toEqual({ [index.digest]: [ofIndex.digest] })
  expect(ofImage.digest in (await shown())).toBe(false)
})
