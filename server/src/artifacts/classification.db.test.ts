import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { blobDeps, body, seedRepository, sha256 } from '../blobs/testing.ts'
import { type UploadsDeps, uploadWhole } from '../blobs/uploads.ts'
import { createLru } from '../lib/lru.ts'
import { parseManifest } from '../oci/manifest.ts'
import { OCI_IMAGE, OCI_IMAGE_CONFIG, OCI_INDEX } from '../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import type { Repository } from '../repositories/model.ts'
import { createReferenceLookup } from './lookup.ts'
import { pushManifest } from './push.ts'
import type { ArtifactsDeps } from './service.ts'

let database: TestDatabase
let uploads: UploadsDeps
let deps: ArtifactsDeps
let repository: Repository

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

beforeEach(async () => {
  uploads = await blobDeps(database.db)
  deps = {
    ...uploads,
    findReference: createReferenceLookup(database.db),
    manifestCache: createLru(1000, () => 1),
    sparseIndex: false,
    sparseImages: true,
  }
  const seed = await seedRepository(database.db)
  repository = { id: seed.repositoryId, projectId: seed.projectId, name: 'app', published: false }
})

async function blob(mediaType: string, text: string, extra: object = {}) {
  await uploadWhole(uploads, repository.id, body([text]), sha256(text))
  return { mediaType, digest: sha256(text), size: Buffer.byteLength(text), ...extra }
}

async function push(document: object, ...tags: string[]) {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...document }))
  const manifest = parseManifest(bytes, undefined)
  await pushManifest(deps, {
    repository,
    digest: sha256(bytes),
    body: bytes,
    manifest,
    tags,
    projectName: 'team',
    actor: undefined,
  })
  return { mediaType: manifest.mediaType, digest: sha256(bytes), size: bytes.length }
}

async function row(digest: string) {
  return await database.db
    .selectFrom('artifacts')
    .select(['type', 'config_media_type', 'extra_attrs', 'icon', 'accessory_type', 'accessory_of'])
    .where('repository_id', '=', repository.id)
    .where('digest', '=', digest)
    .executeTakeFirstOrThrow()
}

test('what an image is stands beside it as soon as it is pushed', async () => {
  const config = await blob(OCI_IMAGE_CONFIG, '{"os":"linux","architecture":"amd64","config":{"Cmd":["sh"]}}')

  const { digest } = await push({ mediaType: OCI_IMAGE, config, layers: [] }, 'v1')

  expect(await row(digest)).toMatchObject({
    type: 'IMAGE',
    config_media_type: OCI_IMAGE_CONFIG,
    extra_attrs: { os: 'linux', architecture: 'amd64', config: { Cmd: ['sh'] } },
    accessory_type: null,
  })
})

test('a config of another repository is not read', async () => {
  const config = await blob(OCI_IMAGE_CONFIG, '{"os":"secret"}')
  const elsewhere = await seedRepository(database.db)
  repository = { ...repository, id: elsewhere.repositoryId, projectId: elsewhere.projectId }

  const { digest } = await push({ mediaType: OCI_IMAGE, config, layers: [] })

  expect((await row(digest)).extra_attrs).toBeNull()
})

test('a config that comes after its manifest is read when the manifest is pushed again', async () => {
  const text = '{"os":"linux"}'
  const config = { mediaType: OCI_IMAGE_CONFIG, digest: sha256(text), size: text.length }
  const { digest } = await push({ mediaType: OCI_IMAGE, config, layers: [] })
  const before = await row(digest)

  await blob(OCI_IMAGE_CONFIG, text)
  await push({ mediaType: OCI_IMAGE, config, layers: [] })

  expect(before.extra_attrs).toBeNull()
  expect((await row(digest)).extra_attrs).toMatchObject({ os: 'linux' })
})

test('a signature by tag is an accessory, before and after its image', async () => {
  const config = await blob(OCI_IMAGE_CONFIG, '{}')
  const layer = await blob('application/vnd.dev.cosign.simplesigning.v1+json', 'payload')
  const signature = { mediaType: OCI_IMAGE, config, layers: [layer] }
  const hex = 'a'.repeat(64)

  const { digest } = await push(signature)
  const untagged = await row(digest)
  await push(signature, `sha256-${hex}.sig`)

  expect(untagged.accessory_type).toBeNull()
  expect(await row(digest)).toMatchObject({
    accessory_type: 'signature.cosign',
    accessory_of: `sha256:${hex}`,
  })
})

test('an attestation in an index is an accessory of the image beside it', async () => {
  const image = await push({ mediaType: OCI_IMAGE, config: await blob(OCI_IMAGE_CONFIG, '{}'), layers: [] })
  const statement = await push({
    mediaType: OCI_IMAGE,
    config: await blob(OCI_IMAGE_CONFIG, '{"architecture":"unknown","os":"unknown"}'),
    layers: [await blob('application/vnd.in-toto+json', '{}')],
  })
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': image.digest,
  }

  await push({ mediaType: OCI_INDEX, manifests: [image, { ...statement, annotations }] }, 'latest')

  expect(await row(statement.digest)).toMatchObject({
    type: 'ATTESTATION',
    accessory_type: 'attestation.buildkit',
    accessory_of: image.digest,
  })
  expect(await row(image.digest)).toMatchObject({ type: 'IMAGE', accessory_type: null })
})

test('an image that an index calls an attestation stays an image', async () => {
  const image = await push({ mediaType: OCI_IMAGE, config: await blob(OCI_IMAGE_CONFIG, '{}'), layers: [] })
  const other = await push({
    mediaType: OCI_IMAGE,
    config: await blob(OCI_IMAGE_CONFIG, '{"os":"x"}'),
    layers: [],
  })
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': image.digest,
  }

  await push({ mediaType: OCI_INDEX, manifests: [image, { ...other, annotations }] }, 'latest')

  expect(await row(other.digest)).toMatchObject({ type: 'IMAGE', accessory_type: null })
})
