import { expect, test } from 'vitest'
import { checkName, checkStorageLimit } from './model.ts'

test.each(['a', 'library', '4242', 'a-b', 'a.b_c-d', 'x'.repeat(255)])('%s may name a project', (name) => {
  expect(() => checkName(name)).not.toThrow()
})

test.each(['', 'A', 'a..b', 'a--b', '-a', 'a-', 'a/b', 'a b', 'ä', 'x'.repeat(256), 'a\n'])(
  '%j may not name a project',
  (name) => {
    expect(() => checkName(name)).toThrow(/project name/)
  },
)

test('a storage limit is positive and not absurd, or -1 for none', () => {
  expect(() => checkStorageLimit(-1)).not.toThrow()
  expect(() => checkStorageLimit(1)).not.toThrow()
  expect(() => checkStorageLimit(0)).toThrow(/non-positive/)
  expect(() => checkStorageLimit(-5)).toThrow(/non-positive/)
  expect(() => checkStorageLimit(2 ** 50)).not.toThrow()
  expect(() => checkStorageLimit(2 ** 50 + 1)).toThrow(/exceeded 1024TB/)
})
