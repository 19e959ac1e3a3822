import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fillTemplate, TemplateError } from './template.ts'

test('a text stays within its quotes, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (name) => {
      const filled = JSON.parse(fillTemplate('{"a": "x{{name}}y", "b": {{{name}}}}', { name }))

      expect(filled).toEqual({
        a: `x${name.toWellFormed() === name ? name : filled.a.slice(1, -1)}y`,
        b: name,
      })
    }),
  )
})

test('what is in a value is not filled in once more', () => {
  expect(fillTemplate('{"a": "{{name}}"}', { name: '{{secret}} $1 $&', secret: 's' })).toBe(
    '{"a": "{{secret}} $1 $&"}',
  )
})

test('what is not there is empty or null, and nothing inherited is there', () => {
  const filled = JSON.parse(
    fillTemplate('["{{a.b.c}}", {{{a.b}}}, "{{constructor.name}}", "{{__proto__}}", "{{list.length}}"]', {
      a: 1,
      list: [1],
    }),
  )

  expect(filled).toEqual(['', null, '', '', '1'])
})

test('what makes no JSON is refused', () => {
  expect(() => fillTemplate('{"a": {{name}}}', { name: 'x' })).toThrow(TemplateError)
  expect(() => fillTemplate('', {})).toThrow(TemplateError)
  expect(() => fillTemplate(`["${'{{{a}}}'.repeat(2000)}"]`, { a: '1'.repeat(1000) })).toThrow(TemplateError)
})
