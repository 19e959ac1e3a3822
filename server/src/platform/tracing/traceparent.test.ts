import { expect, test } from 'vitest'
import { currentSpan, within } from './current.ts'
import { currentTraceparent, formatTraceparent, parseTraceparent } from './traceparent.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

test('a traceparent is read as W3C has it', () => {
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, spanId: SPAN, sampled: true })
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.sampled).toBe(false)
  expect(parseTraceparent(`cc-${TRACE}-${SPAN}-03-more`)?.sampled).toBe(true)
})

test.each([
  undefined,
  '',
  `ff-${TRACE}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01-more`,
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01\n`,
])('%j is none', (text) => {
  expect(parseTraceparent(text)).toBeUndefined()
})

test('what goes on behind a span belongs to it no more', async () => {
  const span = { traceId: TRACE, spanId: SPAN, sampled: true, open: true }

  const seen: unknown[] = []
  await within(span, async () => {
    await undefined
    seen.push(currentTraceparent())
    span.open = false
    seen.push(currentSpan())
  })

  expect(seen).toEqual([formatTraceparent(span), undefined])
  expect(currentTraceparent()).toBeUndefined()
})
