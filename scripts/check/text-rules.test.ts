import { describe, expect, test } from 'vitest'
import { textComplaints } from './text-rules.ts'

const complaints = (path: string, text: string) => textComplaints([{ path, text }], [])

describe('words that may stand in a file', () => {
  test('SQL in a store is fine, in a service it is named with its line', () => {
    const query = "\n\ndb.selectFrom('users')"

    expect(complaints('users/store.ts', query)).toEqual([])
    expect(complaints('users/service.ts', query)).toEqual([
      'server/src/users/service.ts:3: SQL belongs into a store.ts',
    ])
    expect(complaints('users/service.ts', 'sql`select 1`')).toHaveLength(1)
  })

  test('a table is written by its owner only, and read by those below it', () => {
    expect(complaints('projects/store.ts', "db.insertInto('projects')")).toEqual([])
    expect(complaints('projects/store.ts', "db.insertInto('members')")).toEqual([
      'server/src/projects/store.ts: members is written by members only',
    ])
    expect(complaints('blobs/store.ts', 'sql`DELETE FROM repositories`')).toHaveLength(1)
    expect(complaints('blobs/store.ts', 'sql`SELECT FROM repositories`')).toEqual([])
    expect(complaints('projects/store.ts', "q.innerJoin('tags as t', 'x', 'y')")).toEqual([
      'server/src/projects/store.ts: tags is a table of artifacts, which is not above',
    ])
  })

  test('a table that nobody owns is a mistake of the migration', () => {
    expect(textComplaints([], ['users', 'kettles'])).toEqual([
      'table kettles has no owner in scripts/check/text-rules.ts',
    ])
  })

  test('HTTP is spoken at the edge only', () => {
    const code = 'throw { statusCode: 404 }'

    expect(complaints('users/routes.ts', code)).toEqual([])
    expect(complaints('registry/blobs.ts', code)).toEqual([])
    expect(complaints('users/service.ts', code)).toHaveLength(1)
  })

  test('comments and tests may say anything', () => {
    expect(complaints('users/service.ts', "// db.selectFrom('users')\n/* sql`x` statusCode */")).toEqual([])
    expect(complaints('users/service.db.test.ts', "db.deleteFrom('tags')")).toEqual([])
  })
})
