import { type CompiledQuery, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPulled } from '../artifacts/pulled-store.ts'
import { listReferrerSizes } from '../artifacts/referrer-store.ts'
import { findArtifactsByReference } from '../artifacts/store.ts'
import { addManyArtifacts } from '../artifacts/testing-many.ts'
import { findPulledBlobs } from '../blobs/pulled-store.ts'
import {
  findBlobsByName,
  findCountedBytes,
  findOfferingRepositories,
  findRepositoryBlob,
} from '../blobs/store.ts'
import { seedRepository } from '../blobs/testing.ts'
import { findUploadByName, takeUploadByName } from '../blobs/upload-store.ts'
import { ignore } from '../lib/ignore.ts'
import { findContexts } from '../members/context-store.ts'
import { type Database, type Databases, openDatabases } from '../platform/db/database.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { findAliasTarget } from '../repositories/names/store.ts'
import { findRepositoriesByName } from '../repositories/store.ts'
import { findLoginsById, findLoginsByName, findLoginsInProject } from '../robots/login-store.ts'

/**
 * What pulls and pushes ask all the time is planned once a connection, perhaps while the tables were empty (decision 0032), and
 * goes on with that plan when they have grown. So whatever the planner knows, each row must be found by all that it is known by.
 */

/** The indexes that may be used, and the columns that must be compared then. */
const KEYS: Record<string, readonly string[]> = {
  artifacts_pkey: ['id'],
  artifacts_repository_id_digest_key: ['repository_id', 'digest'],
  artifacts_subject: ['repository_id', 'subject_digest'],
  blob_objects_stored: ['blob_id', 'store'],
  blob_objects_blob_id_store_generation_key: ['blob_id', 'store'],
  blobs_digest_key: ['digest'],
  members_entity: ['entity_type', 'entity_id', 'project_id'],
  members_project_id_entity_type_entity_id_key: ['entity_type', 'entity_id', 'project_id'],
  project_aliases_pkey: ['name'],
  project_blobs_pkey: ['project_id', 'blob_id'],
  projects_name: ['name'],
  projects_pkey: ['id'],
  repositories_name: ['project_id', 'name'],
  repositories_pkey: ['id'],
  repository_aliases_pkey: ['project_id', 'name'],
  repository_blobs_blob: ['blob_id'],
  repository_blobs_pkey: ['repository_id', 'blob_id'],
  robot_grants_place: ['robot_id'],
  robots_name: ['project_id', 'name'],
  robots_pkey: ['id'],
  roles_pkey: ['id'],
  tags_repository_id_name_key: ['repository_id', 'name'],
  uploads_pkey: ['id'],
  user_group_members_pkey: ['user_id'],
}
const DIGEST = 'sha256:abc'
const UPLOAD = '11111111-1111-4111-8111-111111111111'
const ROBOT = { project: 'p', name: 'ci' }
const place = { projectId: 1, repository: 'app' }

const QUESTIONS: readonly [string, (db: Database) => Promise<unknown>][] = [
  ['repositories by name', (db) => findRepositoriesByName(db, [{ projectId: 1, name: 'app' }])],
  ['projects and roles', (db) => findContexts(db, [{ name: 'p', userId: 1 }])],
  ['artifacts by tag or digest', (db) => findArtifactsByReference(db, [{ ...place, tag: 'v1' }])],
  [
    'artifacts with their projects',
    (db) => findPulled(db, [{ project: 'p', userId: 1, repository: 'app', tag: 'v1' }]),
  ],
  [
    'blobs with their projects',
    (db) => findPulledBlobs(db, 'store', [{ project: 'p', userId: 1, repository: 'app', digest: DIGEST }]),
  ],
  ['blobs by name', (db) => findBlobsByName(db, 'store', [{ ...place, digest: DIGEST }])],
  ['who offers a blob', (db) => findOfferingRepositories(db, DIGEST, 50)],
  ['the blob of a repository', (db) => findRepositoryBlob(db, 'store', 1, DIGEST)],
  ['what a blob counts', (db) => findCountedBytes(db, 1, DIGEST)],
  ['an upload', (db) => findUploadByName(db, place, UPLOAD)],
  ['an upload to write to', (db) => takeUploadByName(db, place, UPLOAD)],
  ['referrers', (db) => listReferrerSizes(db, 1, DIGEST, { after: 0, limit: 1001 })],
  [
    'referrers of a type',
    (db) => listReferrerSizes(db, 1, DIGEST, { after: 0, limit: 1001, artifactType: 'a/b' }),
  ],
  ['robots by name', (db) => findLoginsByName(db, [ROBOT])],
  ['robots by id', (db) => findLoginsById(db, [1])],
  ['robots with projects', (db) => findLoginsInProject(db, [{ ...ROBOT, wanted: 'p' }])],
  ['a former name', (db) => findAliasTarget(db, 1, 'app')],
]

let database: TestDatabase
let databases: Databases

beforeAll(async () => {
  database = await createTestDatabase()
  const connection = { connectionString: database.url }
  databases = openDatabases({ connection, maxConnections: 2, preparedStatements: true }, ignore)
})
afterAll(async () => {
  await databases.close()
  await database.drop()
})

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  Plans?: Plan[]
}

/** The plans by which a connection of the data plane answers for good, whatever the values. */
async function plansOf(ask: (db: Database) => Promise<unknown>): Promise<Plan[]> {
  const { prepared } = databases
  const asked: CompiledQuery[] = []
  const watched = prepared.withPlugin({
    transformQuery({ node, queryId }) {
      asked.push(prepared.getExecutor().compileQuery(node, queryId))
      return node
    },
    transformResult: async ({ result }) => result,
  })
  await ask(watched)

  return await prepared.connection().execute(async (one) => {
    const plans: Plan[] = []
    for (const { sql: text, parameters } of asked) {
      await sql.raw(`PREPARE asked AS ${text}`).execute(one)
      const nothing = parameters.map(() => 'NULL').join(', ')
      const { rows } = await sql
        .raw<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`EXPLAIN (FORMAT JSON) EXECUTE asked(${nothing})`)
        .execute(one)
      await sql`DEALLOCATE asked`.execute(one)
      plans.push(...rows.map((row) => row['QUERY PLAN'][0].Plan))
    }
    return plans
  })
}

/** The scans in a plan that read more than they need. */
function loose(plan: Plan): string[] {
  const { 'Index Name': index, 'Index Cond': condition = '', 'Relation Name': relation } = plan
  const below = (plan.Plans ?? []).flatMap(loose)
  if (index !== undefined) {
    const isTight = KEYS[index]?.every((column) => new RegExp(`\\b${column}\\b`).test(condition))
    return isTight ? below : [`${index}: ${condition}`, ...below]
  }
  return plan['Node Type'] === 'Seq Scan' ? [`all ${relation}`, ...below] : below
}

/** Rows of every table that is asked, most of them in one repository. */
async function fill({ db }: TestDatabase): Promise<void> {
  const repository = await seedRepository(db)
  await addManyArtifacts(db, repository, 5000)
  await sql`
    INSERT INTO blob_objects (blob_id, store, key, generation, state)
    SELECT id, 'store', digest, 1, 'stored' FROM blobs`.execute(db)
  await sql`
    INSERT INTO projects (name, owner_id)
    SELECT 'p' || n, (SELECT max(id) FROM users) FROM generate_series(1, 500) AS n`.execute(db)
  await sql`
    INSERT INTO repositories (project_id, name)
    SELECT ${repository.projectId}, 'r' || n FROM generate_series(1, 500) AS n`.execute(db)
  // One blob that all of them offer, and one artifact that half of them have.
  await sql`
    INSERT INTO repository_blobs (repository_id, blob_id)
    SELECT r.id, (SELECT min(id) FROM blobs) FROM repositories r ON CONFLICT DO NOTHING`.execute(db)
  await sql`
    INSERT INTO artifacts (repository_id, digest, media_type, manifest_size, size)
    SELECT id, ${DIGEST}, 'm', 1, 1 FROM repositories WHERE id % 2 = 0`.execute(db)
  await sql`
    INSERT INTO robots (project_id, name, duration, creator_type, creator_id)
    SELECT max(id), 'ci', -1, 'local', 1 FROM projects GROUP BY id`.execute(db)
  await sql`
    INSERT INTO robot_grants (robot_id, kind, project_id, access)
    SELECT id, 'project', project_id, '[]' FROM robots`.execute(db)
  await sql`ANALYZE`.execute(db)
}

describe.each([
  ['while the tables are empty', () => Promise.resolve()],
  ['when they have grown', () => fill(database)],
])('planned %s', (_, prepare) => {
  beforeAll(prepare)

  test.each(QUESTIONS)('%s are found by an index, one by one', async (_what, ask) => {
    const plans = await plansOf(ask)

    expect(plans).not.toEqual([])
    expect(plans.flatMap(loose)).toEqual([])
  })
})
