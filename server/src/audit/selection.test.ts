import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clip, type Grain, grainOf, locate, type Period, spanOf, takeApart, takeRange } from './selection.ts'

const ALL = { all: true, projectIds: [] }
const day = (text: string) => new Date(`${text}T00:00:00Z`)

test('counts of days answer for everybody, counts of projects for members, counts of names for one name', () => {
  const pull = { field: 'operation', op: 'exact', value: 'pull' } as const
  const ann = { field: 'username', op: 'exact', value: 'ann' } as const
  const time = { field: 'op_time', op: 'range', min: day('2026-01-01'), max: undefined } as const
  const resource = { field: 'resource', op: 'exact', value: 'x' } as const
  const mine = { all: false, projectIds: [1] }

  expect(grainOf({ scope: ALL, filters: [pull, time] })).toBe('d')
  expect(grainOf({ scope: mine, filters: [pull] })).toBe('p')
  expect(grainOf({ scope: ALL, filters: [ann] })).toBe('u')
  expect(grainOf({ scope: mine, filters: [ann, time] })).toBe('x')
  expect(grainOf({ scope: mine, filters: [ann, pull] })).toBe('x')
  expect(grainOf({ scope: ALL, filters: [ann] }, 'project_id')).toBe('x')
  expect(grainOf({ scope: ALL, filters: [resource] })).toBeUndefined()
})

test('the last third of a month ends with the month, a day at midnight', () => {
  expect(spanOf('p', day('2026-02-21')).to).toEqual(day('2026-03-01'))
  expect(spanOf('p', day('2026-12-21')).to).toEqual(day('2027-01-01'))
  expect(spanOf('u', day('2026-01-11')).to).toEqual(day('2026-01-21'))
  expect(spanOf('x', day('2026-12-01')).to).toEqual(day('2027-01-01'))
  expect(spanOf('d', day('2028-02-28')).to).toEqual(day('2028-02-29'))
})

test('several ranges leave what lies in all of them', () => {
  const range = (min?: string, max?: string) =>
    ({ field: 'op_time', op: 'range', min: min && day(min), max: max && day(max) }) as never

  const { span, others } = takeRange([range('2026-01-01', '2026-03-01'), range('2026-02-01')])

  expect(others).toEqual([])
  expect(clip({ from: day('2026-01-15'), to: day('2026-04-01') }, span)).toEqual({
    from: day('2026-02-01'),
    to: new Date('2026-03-01T00:00:00.001Z'),
  })
})

test('the parts of a span make up the span: whole periods, and what the ends cut on their shorter sides', () => {
  const hour = 3_600_000
  const moment = fc
    .integer({ min: 0, max: 24 * 120 })
    .map((hours) => new Date(Date.UTC(2026, 0, 1) + hours * hour))
  const end = fc.option(moment, { nil: undefined })
  fc.assert(
    fc.property(fc.constantFrom<Grain>('d', 'p', 'u', 'x'), end, end, moment, (grain, from, to, asked) => {
      const { periods, rows } = takeApart(grain, { from, to })

      const isIn = (span: { from?: Date | undefined; to?: Date | undefined }) =>
        (!span.from || asked >= span.from) && (!span.to || asked < span.to)
      const times = rows.map((part) => (isIn(part.span) ? part.sign : 0))
      const counted = times.reduce<number>((sum, sign) => sum + sign, periods && isIn(periods) ? 1 : 0)
      expect(counted).toBe(isIn({ from, to }) ? 1 : 0)
      for (const { span, sign } of rows) {
        const most = { d: 12, p: 6 * 24, u: 6 * 24, x: 16 * 24 }[grain]
        if (from && to && !periods) continue
        expect(sign).toBeOneOf([1, -1])
        expect(span.to.getTime() - span.from.getTime()).toBeLessThanOrEqual(most * hour)
      }
    }),
    { numRuns: 2000 },
  )
})

test('a page is found in the periods that hold it, whatever they are', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 })
  const page = fc.record({ offset: fc.nat(60), limit: fc.integer({ min: 1, max: 12 }) })

  fc.assert(
    fc.property(sizes, page, (rows, wanted) => {
      const periods: Period[] = rows.map((count, index) => ({
        from: new Date(index * 1000),
        to: new Date((index + 1) * 1000),
        rows: count,
      }))
      // Each row by the second that it is in.
      const list = rows.flatMap((count, index) => Array<number>(count).fill(index * 1000))

      const found = locate(periods, wanted)

      const expected = list.slice(wanted.offset, wanted.offset + wanted.limit)
      const { span } = found ?? {}
      const inSpan = list.filter((time) => span && time >= span.from.getTime() && time < span.to.getTime())
      const got = found ? inSpan.slice(found.offset, found.offset + wanted.limit) : []
      expect(got).toEqual(expected)
      if (found) expect(found.rows).toBe(inSpan.length)
    }),
  )
})
