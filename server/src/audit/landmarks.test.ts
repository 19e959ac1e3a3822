import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Cell, countStretches, filtersOfSurvey, mergeCells, stretchesOf } from './landmarks.ts'
import type { AuditFilter, AuditSelection } from './selection.ts'

const LANDMARKS = 4
const cell = fc.record<Cell>({
  stretch: fc.nat(LANDMARKS),
  project_id: fc.nat(2),
  operation: fc.constantFrom('pull', 'create'),
  resource_type: fc.constantFrom('tag', 'artifact'),
  op_result: fc.boolean(),
  rows: fc.integer({ min: 1, max: 5 }),
})
const EVERYTHING: AuditSelection = { scope: { all: true, projectIds: [] }, filters: [] }

test('a page lies in the stretches that are said to hold it, and they are as few as may be', () => {
  const page = fc.record({ offset: fc.nat(40), limit: fc.integer({ min: 1, max: 20 }) })
  fc.assert(
    fc.property(
      fc.array(fc.nat(6), { minLength: 1, maxLength: 12 }),
      page,
      (stretches, { offset, limit }) => {
        const rows = stretches.flatMap((count, stretch) => Array.from({ length: count }, () => stretch))
        fc.pre(offset + limit <= rows.length)
        const shown = rows.slice(offset, offset + limit)

        const found = stretchesOf(stretches, { offset, limit })

        expect([found.first, found.last]).toEqual([shown[0], shown.at(-1)])
        const within = rows.filter((stretch) => stretch >= found.first && stretch <= found.last)
        expect(found.rows).toBe(within.length)
        expect(within.slice(found.offset, found.offset + limit)).toEqual(shown)
      },
    ),
  )
})

test('cells that are merged tell the same', () => {
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 30 }), (cells) => {
      const before = countStretches(LANDMARKS, cells, EVERYTHING)
      expect(countStretches(LANDMARKS, mergeCells(cells), EVERYTHING)).toEqual(before)
    }),
  )
})

test('cells answer the scope, and exact filters on what they have; the others are those of the survey', () => {
  const filters: AuditFilter[] = [
    { field: 'operation', op: 'exact', value: 'pull' },
    { field: 'project_id', op: 'any', values: [1, 2] },
    { field: 'operation', op: 'fuzzy', value: 'ul' },
    { field: 'username', op: 'exact', value: 'ann' },
  ]
  const kind = { resource_type: 'tag', op_result: true, rows: 1 }
  const cells: Cell[] = [
    { ...kind, stretch: 0, project_id: 1, operation: 'pull' },
    { ...kind, stretch: 1, project_id: 1, operation: 'create' },
    { ...kind, stretch: 2, project_id: 2, operation: 'pull' },
    { ...kind, stretch: 3, project_id: 3, operation: 'pull' },
  ]

  const stretches = countStretches(LANDMARKS, cells, { scope: { all: false, projectIds: [1, 3] }, filters })

  expect(stretches).toEqual([1, 0, 0, 0, 0])
  expect(filtersOfSurvey(filters)).toEqual(filters.slice(2))
})
