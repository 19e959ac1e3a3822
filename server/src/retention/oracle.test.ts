import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyTag, anyTagSelector, LABELS, meansArtifact } from '../selectors/testing.ts'
import { evaluate, type RetentionCandidate } from './evaluate.ts'
import type { RetentionRule } from './model.ts'

/** What is kept, told once more in the plainest way. */

const NOW = new Date('2026-01-31T00:00:00Z')
const DAY = 86_400_000
// Few days, so that many are of the same age.
const day = fc.integer({ min: 0, max: 6 }).map((days) => new Date(NOW.getTime() - days * DAY))

const candidates = fc
  .array(
    fc.record({
      tags: fc.uniqueArray(anyTag, { maxLength: 3 }),
      labels: fc.subarray([...LABELS]),
      pushTime: day,
      pullTime: fc.option(day, { nil: undefined }),
      immutable: fc.boolean(),
    }),
    { maxLength: 8 },
  )
  .map((all) =>
    all.map(
      (one, at): RetentionCandidate => ({ ...one, id: at + 1, digest: `sha256:${at}`, repository: 'app' }),
    ),
  )

const place = fc.constantFrom(
  { words: { kind: 'doublestar', decoration: 'repoMatches', pattern: '{app,b}' }, isMeant: true },
  { words: { kind: 'regex', decoration: 'repoMatches', pattern: 'a.*' }, isMeant: true },
  { words: { kind: 'doublestar', decoration: 'repoExcludes', pattern: 'other/**' }, isMeant: true },
  { words: { kind: 'doublestar', decoration: 'repoMatches', pattern: 'other' }, isMeant: false },
)

const rules = fc.array(
  fc.record({
    places: fc.array(place, { minLength: 1, maxLength: 2 }),
    template: fc.constantFrom(
      'latestPushedK',
      'latestPulledN',
      'latestActiveK',
      'nDaysSinceLastPush',
      'nDaysSinceLastPull',
      'always',
      'nothing',
    ),
    number: fc.integer({ min: 1, max: 5 }),
    tags: fc.array(anyTagSelector, { minLength: 1, maxLength: 2 }),
    disabled: fc.boolean(),
  }),
  { maxLength: 3 },
)
type Drawn = ReturnType<(typeof rules)['generate']>['value'][number]

function toRule({ places, template, number, tags, disabled }: Drawn): RetentionRule {
  const takesNumber = template !== 'always' && template !== 'nothing'
  return {
    disabled,
    action: 'retain',
    template,
    params: takesNumber ? { [template]: number } : {},
    tagSelectors: tags,
    scopeSelectors: places.map(({ words }) => words),
  }
}

const isAbout = ({ places, disabled }: Drawn) => !disabled && places.every(({ isMeant }) => isMeant)

/** Whether the rule keeps the artifact at that place among all. */
function keeps(rule: Drawn, all: readonly RetentionCandidate[], at: number): boolean {
  const isSelected = (one: RetentionCandidate) => rule.tags.every((selector) => meansArtifact(selector, one))
  const artifact = all[at]
  if (!artifact || !isAbout(rule) || !isSelected(artifact)) return false
  const time = (one: RetentionCandidate) => {
    const pushed = one.pushTime.getTime()
    const pulled = one.pullTime?.getTime() ?? 0
    if (rule.template === 'latestActiveK') return Math.max(pushed, pulled)
    return /Pull/.test(rule.template) ? pulled : pushed
  }
  const mine = time(artifact)
  const isBefore = (one: RetentionCandidate, other: number) =>
    isSelected(one) && (time(one) > mine || (time(one) === mine && other < at))
  switch (rule.template) {
    case 'always':
      return true
    case 'nothing':
      return false
    case 'nDaysSinceLastPush':
    case 'nDaysSinceLastPull':
      return (NOW.getTime() - mine) / DAY <= rule.number
    default:
      return all.filter((one, other) => isBefore(one, other)).length < rule.number
  }
}

test('what is kept, and by which rules, is what the plainest reading of them says', async () => {
  let gone = 0
  await fc.assert(
    fc.asyncProperty(rules, candidates, async (drawn, all) => {
      const verdicts = await evaluate(drawn.map(toRule), 'app', all, NOW)

      if (!drawn.some(isAbout)) {
        expect(verdicts).toBeUndefined()
        return
      }
      const expected = all.map((artifact, at) => {
        const by = drawn.flatMap((rule, index) => (keeps(rule, all, at) ? [index] : []))
        return { artifact, kept: artifact.immutable || by.length > 0, by }
      })
      expect(verdicts).toEqual(expected)
      gone += expected.filter(({ kept }) => !kept).length
    }),
    { numRuns: 1500 },
  )
  expect(gone).toBeGreaterThan(20)
})
