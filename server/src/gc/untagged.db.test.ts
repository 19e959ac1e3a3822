import { afterAll, beforeAll, expect, test } from 'vitest'
import { deleteArtifact } from '../artifacts/deletion.ts'
import { openBench } from '../artifacts/testing.ts'
import { OCI_IMAGE } from '../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { findUntagged } from './store.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

test('a signature without a tag goes once its image is gone, and stays with it until then', async () => {
  const bench = await openBench(database.db)
  const image = await bench.image('signed', {}, 'v1')
  const config = await bench.blob('application/vnd.oci.empty.v1+json', '{}')
  const signature = {
    mediaType: OCI_IMAGE,
    artifactType: 'application/example',
    config,
    layers: [],
    subject: image,
  }
  const untagged = async () => {
    const found = await findUntagged(database.db, { after: 0, limit: 10, graceSeconds: -1 })
    return found.map(({ digest }) => digest)
  }

  const { digest } = await bench.push(signature)
  expect(await untagged()).toEqual([])
  const place = { repository: bench.repository, projectName: bench.projectName }
  await deleteArtifact(bench.deps, place, image.digest, undefined)
  await bench.push(signature)

  expect(await untagged()).toEqual([digest])
})
