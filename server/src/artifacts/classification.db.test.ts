import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../blobs/testing.ts'
import { OCI_IMAGE, OCI_IMAGE_CONFIG, OCI_INDEX } from '../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { classifyPending } from './pending.ts'
import { type Bench, openBench } from './testing.ts'

let database: TestDatabase
let bench: Bench

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

beforeEach(async () => {
  bench = await openBench(database.db)
})

async function row(digest: string, { repository } = bench) {
  return await database.db
    .selectFrom('artifacts')
    .select(['type', 'config_media_type', 'extra_attrs', 'icon', 'accessory_type', 'accessory_of'])
    .where('repository_id', '=', repository.id)
    .where('digest', '=', digest)
    .executeTakeFirstOrThrow()
}

test('what an image is stands beside it as soon as it is pushed', async () => {
  const config = await bench.blob(
    OCI_IMAGE_CONFIG,
    '{"os":"linux","architecture":"amd64","config":{"Cmd":["sh"]}}',
  )

  const { digest } = await bench.push({ mediaType: OCI_IMAGE, config, layers: [] }, 'v1')

  expect(await row(digest)).toMatchObject({
    type: 'IMAGE',
    config_media_type: OCI_IMAGE_CONFIG,
    extra_attrs: { os: 'linux', architecture: 'amd64', config: { Cmd: ['sh'] } },
    accessory_type: null,
  })
})

test('a config of another repository is not read', async () => {
  const config = await bench.blob(OCI_IMAGE_CONFIG, '{"os":"secret"}')
  const elsewhere = await bench.elsewhere()

  const { digest } = await elsewhere.push({ mediaType: OCI_IMAGE, config, layers: [] })

  expect((await row(digest, elsewhere)).extra_attrs).toBeNull()
})

test('a config that comes after its manifest is read when the manifest is pushed again', async () => {
  const text = '{"os":"linux"}'
  const config = { mediaType: OCI_IMAGE_CONFIG, digest: sha256(text), size: text.length }
  const { digest } = await bench.push({ mediaType: OCI_IMAGE, config, layers: [] })
  const before = await row(digest)

  await bench.blob(OCI_IMAGE_CONFIG, text)
  await bench.push({ mediaType: OCI_IMAGE, config, layers: [] })

  expect(before.extra_attrs).toBeNull()
  expect((await row(digest)).extra_attrs).toMatchObject({ os: 'linux' })
})

test('a signature by tag is an accessory, before and after its image', async () => {
  const config = await bench.blob(OCI_IMAGE_CONFIG, '{}')
  const layer = await bench.blob('application/vnd.dev.cosign.simplesigning.v1+json', 'payload')
  const signature = { mediaType: OCI_IMAGE, config, layers: [layer] }
  const hex = 'a'.repeat(64)

  const { digest } = await bench.push(signature)
  const untagged = await row(digest)
  await bench.push(signature, `sha256-${hex}.sig`)

  expect(untagged.accessory_type).toBeNull()
  expect(await row(digest)).toMatchObject({
    accessory_type: 'signature.cosign',
    accessory_of: `sha256:${hex}`,
  })
})

test('an attestation in an index is an accessory of the image beside it', async () => {
  const image = await bench.push({
    mediaType: OCI_IMAGE,
    config: await bench.blob(OCI_IMAGE_CONFIG, '{}'),
    layers: [],
  })
  const statement = await bench.push({
    mediaType: OCI_IMAGE,
    config: await bench.blob(OCI_IMAGE_CONFIG, '{"architecture":"unknown","os":"unknown"}'),
    layers: [await bench.blob('application/vnd.in-toto+json', '{}')],
  })
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': image.digest,
  }

  await bench.push({ mediaType: OCI_INDEX, manifests: [image, { ...statement, annotations }] }, 'latest')

  expect(await row(statement.digest)).toMatchObject({
    type: 'ATTESTATION',
    accessory_type: 'attestation.buildkit',
    accessory_of: image.digest,
  })
  expect(await row(image.digest)).toMatchObject({ type: 'IMAGE', accessory_type: null })
})

test('an image that an index calls an attestation stays an image', async () => {
  const image = await bench.push({
    mediaType: OCI_IMAGE,
    config: await bench.blob(OCI_IMAGE_CONFIG, '{}'),
    layers: [],
  })
  const other = await bench.push({
    mediaType: OCI_IMAGE,
    config: await bench.blob(OCI_IMAGE_CONFIG, '{"os":"x"}'),
    layers: [],
  })
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': image.digest,
  }

  await bench.push({ mediaType: OCI_INDEX, manifests: [image, { ...other, annotations }] }, 'latest')

  expect(await row(other.digest)).toMatchObject({ type: 'IMAGE', accessory_type: null })
})

test('artifacts of before are told what they are in the background, signatures leave the lists', async () => {
  const image = await bench.push(
    { mediaType: OCI_IMAGE, config: await bench.blob(OCI_IMAGE_CONFIG, '{"os":"old"}'), layers: [] },
    'v1',
  )
  const layer = await bench.blob('application/vnd.dev.cosign.simplesigning.v1+json', 'old payload')
  const config = await bench.blob(OCI_IMAGE_CONFIG, '{}')
  const tag = image.digest.replace(':', '-').concat('.sig')
  const signature = await bench.push({ mediaType: OCI_IMAGE, config, layers: [layer] }, tag)
  await database.db
    .updateTable('artifacts')
    .set({ type: null, config_media_type: null, extra_attrs: null, accessory_type: null, accessory_of: null })
    .where('repository_id', '=', bench.repository.id)
    .execute()

  const done = await classifyPending(bench.deps)
  const again = await classifyPending(bench.deps)

  expect([done, again]).toEqual([2, 0])
  expect(await row(image.digest)).toMatchObject({ type: 'IMAGE', extra_attrs: { os: 'old' } })
  expect(await row(signature.digest)).toMatchObject({
    accessory_type: 'signature.cosign',
    accessory_of: image.digest,
  })
})

test('a manifest that nobody would take today does not stop the others', async () => {
  const odd = await bench.image('odd')
  const fine = await bench.image('fine')
  await database.db.updateTable('artifacts').set({ type: null }).where('digest', '=', odd.digest).execute()
  await database.db.updateTable('artifacts').set({ type: null }).where('digest', '=', fine.digest).execute()
  await database.db
    .updateTable('manifests')
    .set({ body: Buffer.from('{}') })
    .where('digest', '=', odd.digest)
    .execute()

  await classifyPending(bench.deps)

  expect([(await row(odd.digest)).type, (await row(fine.digest)).type]).toEqual(['UNKNOWN', 'IMAGE'])
})
