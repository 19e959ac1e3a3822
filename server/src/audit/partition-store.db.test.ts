import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../platform/db/testing.ts'
import { dropPartitionsBefore, ensurePartitions, monthOf } from './partition-store.ts'
import { insertRows } from './store.ts'
import { auditRow } from './testing.ts'

const { db, drop } = await createTestDatabase()
afterAll(drop)

async function resources(): Promise<string[]> {
  const rows = await db.selectFrom('audit_log').select('resource').orderBy('op_time').execute()
  return rows.map((row) => row.resource)
}

test('rows on both sides of midnight of a month go into partitions of their own, made on demand', async () => {
  const rows = [
    auditRow({ opTime: new Date('2031-12-31T23:59:59.999Z'), resource: 'old year' }),
    auditRow({ opTime: new Date('2032-01-01T00:00:00.000Z'), resource: 'new year' }),
    auditRow({ opTime: new Date('2032-02-29T12:00:00.000Z'), resource: 'leap day' }),
  ]

  await db.transaction().execute((tx) => insertRows(tx, rows))

  expect(await resources()).toEqual(['old year', 'new year', 'leap day'])
})

test('many who need the same partition at once all get it', async () => {
  const time = new Date('2033-05-05T00:00:00Z')

  const made = Array.from({ length: 6 }, () => db.transaction().execute((tx) => ensurePartitions(tx, [time])))

  await expect(Promise.all(made)).resolves.toHaveLength(6)
})

test('months that have passed wholly are dropped, the month of the time is not', async () => {
  const dropped = await db
    .transaction()
    .execute((tx) => dropPartitionsBefore(tx, new Date('2032-02-10T00:00:00Z')))

  expect(dropped).toEqual(expect.arrayContaining(['2031_12', '2032_01']))
  expect(await resources()).toEqual(['leap day'])
})

test('a partition that was dropped is made again for what comes late', async () => {
  const late = auditRow({ opTime: new Date('2031-12-01T00:00:00Z'), resource: 'late' })

  await db.transaction().execute((tx) => insertRows(tx, [late]))

  expect(await resources()).toContain('late')
})

test('months are those of UTC', () => {
  expect(monthOf(new Date('2026-03-01T00:30:00+02:00'))).toBe('2026_02')
})
