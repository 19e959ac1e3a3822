import fc from 'fast-check'
import { expect, test } from 'vitest'
import { likenessesOf } from './likeness.ts'
import { compileArtifactSelector, compileTagSelector } from './select.ts'
import { anyTag, anyTagSelector, LABELS, meansArtifact, meansTag } from './testing.ts'

const labels = fc.subarray([...LABELS])

test('a selector means the tags that the plainest reading of it means', () => {
  let meant = 0
  let looked = 0
  fc.assert(
    fc.property(
      anyTagSelector,
      fc.array(anyTag, { minLength: 4, maxLength: 4 }),
      labels,
      (selector, tags, has) => {
        const isMeant = compileTagSelector(selector)
        for (const tag of tags) {
          looked += 1
          if (isMeant(tag, has)) meant += 1
          expect(isMeant(tag, has), tag).toBe(meansTag(selector, tag, has))
        }
      },
    ),
    { numRuns: 3000 },
  )
  // Neither is it always so.
  expect(meant).toBeGreaterThan(0)
  expect(meant).toBeLessThan(looked * 0.9)
})

test('a selector means the artifacts that the plainest reading of it means, without tags too', () => {
  const artifact = fc.record({
    repository: fc.constant('app'),
    tags: fc.array(anyTag, { maxLength: 3 }),
    labels,
  })
  fc.assert(
    fc.property(anyTagSelector, fc.array(artifact, { minLength: 3, maxLength: 3 }), (selector, artifacts) => {
      const isMeant = compileArtifactSelector(selector)
      for (const one of artifacts) expect(isMeant(one)).toBe(meansArtifact(selector, one))
    }),
    { numRuns: 2000 },
  )
})

test('what a selector means is like one of its likenesses', () => {
  fc.assert(
    fc.property(anyTagSelector, anyTag, labels, (selector, tag, has) => {
      if (!meansTag(selector, tag, has)) return
      const sources = likenessesOf(selector).map((like) =>
        like.replace(/\\(.)|([\s\S])/g, (_, escaped?: string, plain?: string) => {
          if (plain === '%') return '.*'
          return plain === '_' ? '.' : `\\u{${(escaped ?? plain ?? '').codePointAt(0)?.toString(16)}}`
        }),
      )
      expect(sources.some((source) => new RegExp(`^(?:${source})$`, 'u').test(tag))).toBe(true)
    }),
    { numRuns: 3000 },
  )
})
