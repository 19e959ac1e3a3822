import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapeDescription } from './model.ts'

test('HTML in a description is escaped', () => {
  expect(escapeDescription(`the <b>app</b> & "more"`)).toBe('the &lt;b&gt;app&lt;/b&gt; &amp; &#34;more&#34;')
})

test('a description that is read and written back stays the same', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const stored = escapeDescription(text)

      expect(escapeDescription(stored)).toBe(stored)
      expect(stored).not.toMatch(/[<>"']/)
    }),
  )
})
