import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluate, type RetentionCandidate } from './evaluate.ts'
import { checkRules, type RetentionRule } from './model.ts'

const NOW = new Date('2026-01-31T00:00:00Z')
const ago = (days: number) => new Date(NOW.getTime() - days * 86_400_000)

const rule = (template: string, number?: number, more: Partial<RetentionRule> = {}): RetentionRule => ({
  disabled: false,
  action: 'retain',
  template,
  params: number === undefined ? {} : { [template]: number },
  tagSelectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
  scopeSelectors: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }],
  ...more,
})
const artifact = (id: number, pushed: number, pulled?: number, tags = [`t${id}`]): RetentionCandidate => ({
  id,
  digest: `sha256:${id}`,
  repository: 'app',
  tags,
  labels: [],
  pushTime: ago(pushed),
  pullTime: pulled === undefined ? undefined : ago(pulled),
  immutable: false,
})
const ALL = [artifact(1, 40, 1), artifact(2, 10), artifact(3, 5, 20), artifact(4, 1, undefined, [])]
const kept = async (...rules: RetentionRule[]) =>
  (await evaluate(rules, 'app', ALL, NOW))?.flatMap((verdict) => (verdict.kept ? [verdict.artifact.id] : []))

test.each([
  ['latestPushedK', 2, [3, 4]],
  ['latestPulledN', 2, [1, 3]],
  ['nDaysSinceLastPush', 10, [2, 3, 4]],
  ['nDaysSinceLastPull', 7, [1]],
  ['latestActiveK', 2, [1, 4]],
  ['lastXDays', 7, [3, 4]],
  ['always', undefined, [1, 2, 3, 4]],
  ['nothing', undefined, []],
  ['latestPushedK', undefined, [1, 2, 3, 4]],
])('%s %j keeps %j', async (template, number, ids) => {
  expect(await kept(rule(template, number))).toEqual(ids)
})

test('what any rule keeps stays, and the rule is named', async () => {
  const rules = [
    rule('latestPushedK', 1),
    rule('nDaysSinceLastPull', 7),
    rule('always', undefined, { disabled: true }),
  ]

  expect((await evaluate(rules, 'app', ALL, NOW))?.map((verdict) => verdict.by)).toEqual([[1], [], [], [0]])
})

test('a repository that no enabled rule is about is not touched', async () => {
  const other = [{ kind: 'doublestar', decoration: 'repoMatches', pattern: 'other' }]

  expect(await kept(rule('nothing', undefined, { scopeSelectors: other }))).toBeUndefined()
  expect(await kept(rule('always', undefined, { disabled: true }))).toBeUndefined()
  expect(await kept()).toBeUndefined()
})

test('what is immutable stays whatever the rules say', async () => {
  const immutable = { ...artifact(1, 400), immutable: true }
  const [verdict] = (await evaluate([rule('nothing')], 'app', [immutable], NOW)) ?? []

  expect(verdict).toMatchObject({ kept: true, by: [] })
})

test('a run after a run deletes nothing more, and more rules never delete more', async () => {
  const candidates = fc
    .array(
      fc.tuple(
        fc.integer({ min: 0, max: 60 }),
        fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
      ),
      {
        maxLength: 12,
      },
    )
    .map((times) => times.map(([pushed, pulled], id) => artifact(id + 1, pushed, pulled)))
  const rules = fc.array(
    fc
      .tuple(
        fc.constantFrom('latestPushedK', 'latestPulledN', 'nDaysSinceLastPush', 'nDaysSinceLastPull'),
        fc.integer({ min: 1, max: 20 }),
      )
      .map(([template, number]) => rule(template, number)),
    { minLength: 1, maxLength: 3 },
  )
  const idsOf = async (some: RetentionRule[], of: RetentionCandidate[]) =>
    ((await evaluate(some, 'app', of, NOW)) ?? [])
      .filter((verdict) => verdict.kept)
      .map((verdict) => verdict.artifact)
  await fc.assert(
    fc.asyncProperty(rules, rules, candidates, async (some, more, of) => {
      const first = await idsOf(some, of)
      expect(await idsOf(some, first)).toEqual(first)
      const both = new Set(await idsOf([...some, ...more], of))
      expect(first.every((one) => both.has(one))).toBe(true)
    }),
  )
})

test.each([
  ['an unknown template', rule('moon', 1)],
  ['a number that is none', rule('latestPushedK', 0)],
  ['half a day', rule('nDaysSinceLastPush', 0.5)],
  [
    'an unknown decoration',
    rule('always', undefined, { tagSelectors: [{ kind: 'doublestar', decoration: 'loves', pattern: 'x' }] }),
  ],
  [
    'a bad pattern',
    rule('always', undefined, { tagSelectors: [{ kind: 'regex', decoration: 'matches', pattern: '(' }] }),
  ],
])('%s is refused', (_, bad) => {
  expect(() => checkRules([bad])).toThrow('bad request')
})
