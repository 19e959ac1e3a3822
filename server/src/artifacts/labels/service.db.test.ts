import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Actor } from '../../access/model.ts'
import { selectLabelsOf } from '../../labels/artifact-store.ts'
import { insertLabel } from '../../labels/store.ts'
import { labelsOfDeletedProjects } from '../../labels/subscribers.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import { addProject, projectsDeps } from '../../projects/testing.ts'
import { addUser } from '../../users/testing.ts'
import { addArtifactLabel, type LabeledArtifact, removeArtifactLabel } from './service.ts'

let database: TestDatabase
let ann: Actor
let artifact: LabeledArtifact
let labels: { global: number; own: number; foreign: number }

beforeAll(async () => {
  database = await createTestDatabase()
  const { db } = database
  ann = await addUser(db, 'ann')
  const team = await addProject(projectsDeps(db), ann, 'team')
  const other = await addProject(projectsDeps(db), ann, 'other')
  const repository = await db
    .insertInto('repositories')
    .values({ project_id: team, name: 'app' })
    .returning('id')
    .executeTakeFirstOrThrow()
  const digest = `sha256:${'a'.repeat(64)}`
  const values = { repository_id: repository.id, digest, media_type: 'm', manifest_size: 1, size: 1 }
  const { id } = await db
    .insertInto('artifacts')
    .values({ ...values, artifact_type: null, subject_digest: null })
    .returning('id')
    .executeTakeFirstOrThrow()
  artifact = {
    id,
    digest,
    projectId: team,
    projectName: 'team',
    repositoryId: repository.id,
    repositoryName: 'app',
  }
  const label = async (projectId: number | undefined, name: string) =>
    (await insertLabel(db, projectId, { name, description: '', color: '' })) ?? 0
  labels = {
    global: await label(undefined, 'zebra'),
    own: await label(team, 'ape'),
    foreign: await label(other, 'ape'),
  }
})
beforeEach(async () => {
  await database.db.deleteFrom('artifact_labels').execute()
  await database.db.deleteFrom('events').execute()
})
afterAll(() => database.drop())

async function borne(): Promise<string[]> {
  const found = await selectLabelsOf(database.db, [artifact.id, -1])
  return (found.get(artifact.id) ?? []).map(({ name }) => name)
}

test('an artifact bears global labels and those of its project, in the order of names', async () => {
  await addArtifactLabel(database, artifact, labels.global, ann)
  await addArtifactLabel(database, artifact, labels.own, ann)

  expect(await borne()).toEqual(['ape', 'zebra'])
})

test('a label of another project, a missing one and one that is there already are refused', async () => {
  await addArtifactLabel(database, artifact, labels.own, ann)

  const foreign = addArtifactLabel(database, artifact, labels.foreign, ann)
  await expect(foreign).rejects.toMatchObject({ kind: 'not-found' })
  const missing = addArtifactLabel(database, artifact, 99999999, ann)
  await expect(missing).rejects.toMatchObject({ kind: 'not-found' })
  const again = addArtifactLabel(database, artifact, labels.own, ann)
  await expect(again).rejects.toMatchObject({ kind: 'conflict' })
  const gone = addArtifactLabel(database, { ...artifact, id: 99999999 }, labels.own, ann)
  await expect(gone).rejects.toMatchObject({ kind: 'not-found' })
  expect(await borne()).toEqual(['ape'])
})

test('a label comes off once, and both are told', async () => {
  await addArtifactLabel(database, artifact, labels.own, ann)
  await removeArtifactLabel(database, artifact, labels.own, ann)

  const again = removeArtifactLabel(database, artifact, labels.own, ann)
  await expect(again).rejects.toMatchObject({ kind: 'not-found' })
  const events = await database.db.selectFrom('events').select(['type', 'payload']).orderBy('id').execute()
  expect(events.map(({ type }) => type)).toEqual(['artifact.labeled', 'artifact.unlabeled'])
  expect(events[0]?.payload).toMatchObject({ projectName: 'team', repository: 'app', labelId: labels.own })
})

test('labels go with their project', async () => {
  const { db } = database
  await addArtifactLabel(database, artifact, labels.own, ann)
  await addArtifactLabel(database, artifact, labels.global, ann)

  await db.transaction().execute((tx) =>
    labelsOfDeletedProjects.handle(tx, [
      {
        id: 1,
        type: 'project.deleted',
        payload: { projectId: artifact.projectId },
        occurrenceTime: new Date(),
      },
    ] as never),
  )

  expect(await borne()).toEqual(['zebra'])
})
