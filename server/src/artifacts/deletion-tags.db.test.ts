import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../platform/db/testing.ts'
import { deleteArtifact } from './deletion.ts'
import { openBench } from './testing.ts'

const { db, drop } = await createTestDatabase()
afterAll(drop)

test('a tag that comes to an artifact while it is being deleted goes with it, and is told', async () => {
  const bench = await openBench(db)
  const { digest } = await bench.image('one', {}, 'first')
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()

  const tagging = db.transaction().execute(async (tx) => {
    await sql`SELECT FROM tags WHERE name = 'first' FOR UPDATE`.execute(tx)
    begun.resolve()
    await gate.promise
    await sql`
      INSERT INTO tags (repository_id, name, artifact_id)
      SELECT repository_id, 'second', artifact_id FROM tags WHERE name = 'first'`.execute(tx)
  })
  await begun.promise
  const deletion = deleteArtifact(bench.deps, bench, digest, undefined)
  await sleep(300)
  gate.resolve()
  await tagging

  expect(await deletion).toBe(true)
  const [event] = await db
    .selectFrom('events')
    .select('payload')
    .where('type', '=', 'artifact.deleted')
    .execute()
  expect(event?.payload).toMatchObject({ tags: ['first', 'second'] })
  expect(await db.selectFrom('tags').select('name').execute()).toEqual([])
})
