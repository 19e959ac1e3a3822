import { expect, test } from 'vitest'
import { textLine } from './text-line.ts'

test('an entry becomes time, level, message and the rest', () => {
  const line = textLine(
    '{"level":"info","time":"2026-01-02T03:04:05.678Z","port":8080,"url":"http://h","msg":"ready"}\n',
  )

  expect(line).toBe('2026-01-02T03:04:05.678Z info  ready port=8080 url=http://h\n')
})

test('an error brings its stack on lines of its own', () => {
  const line = textLine(
    '{"level":"error","time":"T","err":{"message":"no","stack":"Error: no\\n    at x"},"msg":"failed"}\n',
  )

  expect(line).toBe('T error failed\nError: no\n    at x\n')
})
