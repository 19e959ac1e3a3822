import type pg from 'pg'
import { expect, test } from 'vitest'
import type { Leaf } from '../tracing/tracing.ts'
import { nameOf, traceStatements } from './trace-statements.ts'

test.each([
  ['select "id" from "users" where "id" = $1', 'SELECT users'],
  ['insert into "events" ("type") values ($1)', 'INSERT events'],
  ['\n  WITH due AS (SELECT 1 FROM tasks) UPDATE tasks SET x = 1', 'WITH tasks'],
  ['DELETE FROM ONLY tags USING artifacts', 'DELETE tags'],
  ['begin', 'BEGIN'],
  ['/* last */\n  INSERT INTO events (type) VALUES ($1)', 'INSERT events'],
])('%j is called %s', (text, name) => {
  expect(nameOf(text)).toBe(name)
})

test('a statement is told with its text and without its values, also where it fails', async () => {
  const leaves: Leaf[] = []
  const client = {
    async query(text: string) {
      if (text.startsWith('insert')) throw Object.assign(new Error('Key (name)=(secret)'), { code: '23505' })
      return { rows: [1] }
    },
  } as unknown as pg.PoolClient
  traceStatements(client, { leaf: (leaf) => leaves.push(leaf) })

  const answer = await client.query('select $1', ['secret'])
  const failure = client.query('insert into users values ($1)', ['secret'])

  await expect(failure).rejects.toThrow('Key')
  expect(answer.rows).toEqual([1])
  expect(leaves).toMatchObject([
    { name: 'SELECT', failed: false, attributes: { 'db.query.text': 'select $1' } },
    { name: 'INSERT users', failed: true, attributes: { 'db.response.status_code': '23505' } },
  ])
  expect(JSON.stringify(leaves)).not.toContain('secret')
})
