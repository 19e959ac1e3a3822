import { access, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect } from 'vitest'
import { createProject } from '../harness/project.ts'
import { openRepository } from '../harness/repository.ts'
import type { JobSite } from './site.ts'

/** How a run has ended, as the database and the interface tell. */
export interface Outcome {
  attributes: Record<string, unknown>
  log: string
}

/** Whether it is killed in so many moments that small work has too few. */
export const often = Number(process.env.PORTOLAN_JOB_KILLS ?? 0) > 8

/** Work of one kind: enough of it for many moments. `prepare` orders a run and answers what must be true of it. */
export interface Work {
  kind: string
  /** What makes the kind in the server's list of kinds of tasks; undefined where it is no task. */
  factory: string | undefined
  prepare(site: JobSite, round: number): Promise<(outcome: Outcome) => Promise<void>>
}

/** How often a text is in a log. */
export const countLines = (text: string, line: string) => text.split(line).length - 1

const collection: Work = {
  kind: 'GARBAGE_COLLECTION',
  factory: 'garbageCollection',
  async prepare(site, round) {
    const { name } = await createProject(site.web)
    const repository = openRepository(site.admin, `${name}/untagged`)
    const untagged: string[] = []
    for (let image = 0; image < 3; image += 1) {
      untagged.push((await repository.pushImage()).manifest.digest)
    }
    await site.ask(`UPDATE artifacts SET push_time = push_time - interval '1 hour'
      WHERE repository_id = (SELECT id FROM repositories WHERE name = 'untagged' ORDER BY id DESC LIMIT 1)`)
    const blobs = await site.ask<{ digest: string; size: number; key: string }>(
      `WITH made AS (
        INSERT INTO blobs (digest, size, offer_time)
        SELECT 'sha256:' || encode(sha256(($1 || ' ' || n)::bytea), 'hex'), 10 + n % 7, now() - interval '1 day'
        FROM generate_series(1, 520) n RETURNING id, digest, size)
      , placed AS (
        INSERT INTO blob_objects (blob_id, store, key, generation, state)
        SELECT id, (SELECT store FROM blob_objects LIMIT 1),
          'docker/registry/v2/blobs/sha256/' || substr(digest, 8, 2) || '/' || substr(digest, 8) || '/data', 1, 'stored'
        FROM made RETURNING blob_id, key)
      SELECT digest, size::int, key FROM made JOIN placed ON blob_id = id`,
      [`round ${round}`],
    )
    // Some have bytes: each deletion waits for the disk.
    for (const { key, size } of blobs.filter((_, at) => at % 15 === 0)) {
      const file = path.join(site.storage.path, key)
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, 'x'.repeat(size))
    }
    const bytes = blobs.reduce((sum, { size }) => sum + size, 0)
    const parameters = { delete_untagged: true, workers: 2 }
    const order = { schedule: { type: 'Manual' }, parameters }
    expect((await site.send('POST', 'system/gc/schedule', order)).status).toBe(201)

    return async ({ attributes, log }) => {
      expect(attributes).toMatchObject({ freed_space: bytes, purged_blobs: 520, purged_manifests: 0 })
      for (const { digest } of blobs) expect(countLines(log, `deleted blob ${digest}`), digest).toBe(1)
      for (const digest of untagged)
        expect(countLines(log, `deleted artifact ${name}/untagged@${digest}`)).toBe(1)
      expect(log).toContain(
        `3 artifacts, 520 blobs (0 of them manifests) were deleted, ${bytes} bytes; 0 objects could not be`,
      )
      for (const { key } of blobs) await expect(access(path.join(site.storage.path, key))).rejects.toThrow()
      const left = `SELECT o.state FROM blob_objects o LEFT JOIN doomed_objects d ON d.object_id = o.id
        WHERE o.key = ANY($1) AND (o.state <> 'deleted' OR d.object_id IS NOT NULL)`
      expect(await site.ask(left, [blobs.map(({ key }) => key)])).toEqual([])
      expect(await deletionsOf(site, untagged)).toEqual([1, 1, 1])
    }
  },
}

const retention: Work = {
  kind: 'RETENTION',
  factory: 'retention',
  async prepare(site) {
    const project = await createProject(site.web)
    const repository = openRepository(site.admin, `${project.name}/app`)
    const digests: string[] = []
    for (const tag of ['v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7', 'v8']) {
      digests.push((await repository.pushImage(tag)).manifest.digest)
    }
    const deleted = digests.slice(0, -1)
    const made = await site.send('POST', 'retentions', {
      algorithm: 'or',
      scope: { level: 'project', ref: project.id },
      trigger: { kind: 'Schedule', settings: { cron: '' }, references: {} },
      rules: [
        {
          action: 'retain',
          template: 'latestPushedK',
          params: { latestPushedK: 1 },
          tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
          scope_selectors: {
            repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }],
          },
        },
      ],
    })
    expect(made.status).toBe(201)
    const id = made.location.split('/').at(-1)
    expect((await site.send('POST', `retentions/${id}/executions`, { dry_run: false })).status).toBe(201)

    return async ({ attributes, log }) => {
      expect(attributes).toMatchObject({ total: 8, retained: 1 })
      for (const [at, digest] of deleted.entries()) {
        expect(countLines(log, `${digest} [v${at + 1}] deleted\n`), digest).toBe(1)
      }
      expect(log).toContain(`${digests.at(-1)} [v8] kept by`)
      expect(await deletionsOf(site, deleted)).toEqual(deleted.map(() => 1))
      const applied = `SELECT payload FROM told WHERE type = 'retention.applied' AND payload->>'projectName' = $1`
      const told = await site.ask<{ payload: { total: number; deleted: { digest: string }[] } }>(applied, [
        project.name,
      ])
      expect(told.map(({ payload }) => payload.deleted.map(({ digest }) => digest).sort())).toEqual([
        deleted.toSorted(),
      ])
      expect((await site.admin.get(`/v2/${project.name}/app/tags/list`)).body.toString()).toContain('["v8"]')
    }
  },
}

const PURGED = 6_200

const purge: Work = {
  kind: 'PURGE_AUDIT_LOG',
  factory: 'purgeAuditLog',
  async prepare(site, round) {
    const operation = `old${round}`
    // A server makes the partition of the month behind its start.
    const partitions = `SELECT FROM pg_inherits WHERE inhparent = 'audit_log'::regclass`
    await expect.poll(() => site.ask(partitions)).not.toEqual([])
    await site.ask(
      `INSERT INTO audit_log (op_time, operation, resource_type, username)
      SELECT now() - interval '61 minutes', $1, 'artifact', 'u' FROM generate_series(1, $2)`,
      [operation, PURGED],
    )
    await site.ask(
      `INSERT INTO legacy_audit_log SELECT $2 * 1000 + n, now() - interval '61 minutes', 0, $1, 'artifact', 'r', 'u'
      FROM generate_series(1, 50) n`,
      [operation, round],
    )
    const parameters = { audit_retention_hour: 1, dry_run: false, include_event_types: operation }
    const order = { schedule: { type: 'Manual' }, parameters }
    expect((await site.send('POST', 'system/purgeaudit/schedule', order)).status).toBe(201)

    return async ({ attributes, log }) => {
      expect(attributes).toMatchObject({ purged_entries: PURGED + 50 })
      expect(log).toContain(`${PURGED + 50} entries were deleted\n`)
      expect(await site.ask('SELECT FROM audit_log WHERE operation = $1', [operation])).toEqual([])
      expect(await site.ask('SELECT FROM legacy_audit_log WHERE operation = $1', [operation])).toEqual([])
      // They were never counted: so many are taken off, and none twice.
      const counts = `SELECT grain, sum(rows)::int AS rows FROM audit_counts WHERE operation = $1 GROUP BY grain`
      for (const { rows } of await site.ask(counts, [operation])) expect(rows).toBe(-PURGED)
    }
  },
}

const KEPT = 50
const SWEPT = 230

const sweep: Work = {
  kind: 'EXECUTION_SWEEP',
  factory: 'executionSweep',
  async prepare(site, round) {
    const vendor = `OLD_${round}`
    const tasks = await site.ask<{ id: number }>(
      `WITH old AS (
        INSERT INTO executions (vendor_type, trigger, status, start_time, end_time)
        SELECT $1, 'MANUAL', 'Success', now() - n * interval '1 minute', now() FROM generate_series(1, $2) n RETURNING id)
      INSERT INTO tasks (execution_id, kind, job_id, status, input, end_time)
      SELECT id, $1, $1 || id, 'Success', 'null', now() FROM old RETURNING id::int`,
      [vendor, SWEPT + KEPT],
    )
    const logs = path.join(site.storage.path, 'portolan/task-logs')
    // Some have logs: each deletion waits for the disk.
    const logged = tasks.filter((_, at) => at % 10 === 0)
    for (const { id } of logged) {
      await mkdir(path.join(logs, String(id)), { recursive: true })
      await writeFile(path.join(logs, String(id), '00001-000001'), 'a line\n')
    }
    await site.ask(
      `UPDATE schedules SET next_time = now(), cron = '0 0 0 1 1 *' WHERE vendor_type = 'EXECUTION_SWEEP'`,
    )
    await expect
      .poll(() => site.ask(`SELECT FROM tasks WHERE kind = 'EXECUTION_SWEEP' AND status = 'Pending'`), {
        timeout: 15_000,
      })
      .toHaveLength(1)

    return async ({ log }) => {
      const told = [...log.matchAll(/ (\d+) executions deleted\n/g)].map((match) => Number(match[1]))
      expect(told.reduce((sum, one) => sum + one, 0)).toBe(SWEPT)
      const left = await site.ask<{ id: number }>('SELECT id::int FROM tasks WHERE kind = $1', [vendor])
      expect(left).toHaveLength(KEPT)
      const ids = new Set(left.map(({ id }) => id))
      for (const { id } of logged) {
        const there = await access(path.join(logs, String(id), '00001-000001')).then(
          () => true,
          () => false,
        )
        expect(there, `the log of task ${id}`).toBe(ids.has(id))
      }
    }
  },
}

/** How often the deletion of each was told. */
async function deletionsOf(site: JobSite, digests: readonly string[]): Promise<number[]> {
  const told = `SELECT payload->>'digest' AS digest FROM told WHERE type = 'artifact.deleted'`
  const rows = await site.ask<{ digest: string }>(told)
  return digests.map((digest) => rows.filter((row) => row.digest === digest).length)
}

/** What can run at once in one database. */
export const WORKS: readonly Work[] = [sweep, collection, retention, purge]
