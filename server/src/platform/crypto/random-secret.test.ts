import { expect, it } from 'vitest'
import { hashRandomSecret, isRandomSecret, newRandomSecret, SECRET_LENGTH } from './random-secret.ts'

it('makes secrets of one form, no two alike', () => {
  const secrets = Array.from({ length: 100 }, newRandomSecret)

  expect(new Set(secrets).size).toBe(100)
  expect(secrets.every((secret) => isRandomSecret(secret) && secret.length === SECRET_LENGTH)).toBe(true)
})

it.each(['', 'abc', `${'A'.repeat(43)}\n`, 'A'.repeat(44), `${'A'.repeat(42)}=`, `${'A'.repeat(42)}+`])(
  'does not take %j for a secret',
  (text) => {
    expect(isRandomSecret(text)).toBe(false)
  },
)

it('keeps the SHA-256, by which older rows are found too', () => {
  expect(hashRandomSecret('abc').toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})
