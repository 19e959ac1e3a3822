import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../platform/db/testing.ts'
import { deleteProject } from '../projects/service.ts'
import { addProject, projectsDeps } from '../projects/testing.ts'
import { addUser } from '../users/testing.ts'
import { countArtifactsByType, selectProjectFigures, tallyAll } from './gauges-store.ts'

const { db, drop } = await createTestDatabase()
afterAll(drop)

test('figures are those of what is there, of the oldest projects, and of the commonest kinds', async () => {
  const projects = projectsDeps(db)
  const root = await addUser(db, 'root')
  const first = await addProject(projects, root, 'first')
  const second = await addProject(projects, root, 'second', true)
  const gone = await addProject(projects, root, 'gone', true)
  await addProject(projects, root, 'youngest')
  const seen = new Date()
  const [a] = await db
    .insertInto('repositories')
    .values([
      { project_id: first, name: 'a', publish_time: seen, pull_count: 3 },
      { project_id: first, name: 'b', publish_time: seen, pull_count: 4 },
      { project_id: first, name: 'unseen', pull_count: 1 },
      { project_id: first, name: 'deleted', publish_time: seen, deletion_time: seen, pull_count: 1 },
    ])
    .returning('id')
    .execute()
  await db
    .insertInto('quota_usage')
    .values([1, 2].map((slot) => ({ project_id: first, slot: slot + 100, bytes: slot * 10 })))
    .execute()
  const artifact = (digest: string, type: string, listed = true) => ({
    repository_id: a?.id ?? 0,
    digest,
    type,
    listed,
    media_type: 'm',
    manifest_size: 1,
    size: 1,
  })
  await db
    .insertInto('artifacts')
    .values([
      artifact('sha256:1', 'IMAGE'),
      artifact('sha256:2', 'IMAGE'),
      artifact('sha256:3', 'CHART'),
      artifact('sha256:4', 'MADE-UP'),
      artifact('sha256:5', 'IMAGE', false),
    ])
    .execute()
  await deleteProject(projects, gone, root)

  const figures = await selectProjectFigures(db, 2)
  const kinds = await countArtifactsByType(db, { projects: 2, types: 1 })
  const tallies = await tallyAll(db)

  expect(figures).toMatchObject([
    { name: 'first', public: false, used: 30, repositories: 2, pulls: 7, members: 1 },
    { name: 'second', public: true, used: 0, repositories: 0, pulls: 0, members: 1 },
  ])
  expect(
    kinds.sort((one, other) => one.artifacts - other.artifacts || (one.type < other.type ? -1 : 1)),
  ).toEqual([
    { name: 'first', public: false, type: 'IMAGE', artifacts: 2 },
    { name: 'first', public: false, type: 'OTHER', artifacts: 2 },
  ])
  expect(tallies.sort((one) => (one.public ? 1 : -1))).toEqual([
    { public: false, projects: 2, repositories: 2 },
    { public: true, projects: 1, repositories: 0 },
  ])
  expect(second).toBeGreaterThan(first)
})
