import { expect, test } from 'vitest'
import { createLru } from './lru.ts'

test('what was used least recently goes first once the budget is spent', () => {
  const lru = createLru<string, string>(6, (value) => value.length)

  lru.set('a', 'xx')
  lru.set('b', 'xx')
  lru.set('c', 'xx')
  lru.get('a')
  lru.set('d', 'xx')

  expect(['a', 'b', 'c', 'd'].map((key) => lru.get(key))).toEqual(['xx', undefined, 'xx', 'xx'])
})

test('replacing and deleting give the weight back', () => {
  const lru = createLru<string, string>(4, (value) => value.length)

  lru.set('a', 'xxxx')
  lru.set('a', 'x')
  lru.set('b', 'xxx')
  lru.delete('b')
  lru.set('c', 'xxx')

  expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual(['x', undefined, 'xxx'])
})

test('a value heavier than the whole budget is not kept', () => {
  const lru = createLru<string, string>(2, (value) => value.length)

  lru.set('a', 'x')
  lru.set('b', 'xxx')

  expect([lru.get('a'), lru.get('b')]).toEqual(['x', undefined])
})

test('where all were used the oldest goes, and never what has just come', () => {
  const lru = createLru<string, string>(3, (value) => value.length)

  for (const key of ['a', 'b', 'c']) {
    lru.set(key, 'x')
    lru.get(key)
  }
  lru.set('d', 'x')
  lru.set('e', 'xx')

  expect(['a', 'b', 'c', 'd', 'e'].map((key) => lru.get(key))).toEqual([
    undefined,
    undefined,
    undefined,
    'x',
    'xx',
  ])
})
