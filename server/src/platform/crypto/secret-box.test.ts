import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { secretBox } from './secret-box.ts'

const plain = Buffer.from('the private key')

test('what was sealed opens again', () => {
  const box = secretBox(randomBytes(32))

  const opened = box.open(box.seal(plain, 'signing-key:a'), 'signing-key:a')

  expect(opened).toEqual(plain)
})

test('the same secret never looks the same', () => {
  const box = secretBox(randomBytes(32))

  expect(box.seal(plain, 'a')).not.toEqual(box.seal(plain, 'a'))
})

test('another key does not open it', () => {
  const sealed = secretBox(randomBytes(32)).seal(plain, 'a')

  expect(() => secretBox(randomBytes(32)).open(sealed, 'a')).toThrow()
})

test('another context does not open it', () => {
  const box = secretBox(randomBytes(32))
  const sealed = box.seal(plain, 'signing-key:a')

  expect(() => box.open(sealed, 'signing-key:b')).toThrow()
})

test('no bit of it may change', () => {
  const box = secretBox(randomBytes(32))
  const sealed = box.seal(plain, 'a')

  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed)
    changed[index] = (changed[index] ?? 0) ^ 1
    expect(() => box.open(changed, 'a')).toThrow()
  }
})

test('what is too short to be sealed is refused', () => {
  const box = secretBox(randomBytes(32))

  expect(() => box.open(Buffer.from([1, 0, 3]), 'a')).toThrow('was not sealed by this key')
})
