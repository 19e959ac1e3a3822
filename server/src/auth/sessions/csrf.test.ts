import { describe, expect, it } from 'vitest'
import { isCsrfSecret, maskCsrfSecret, newCsrfSecret, provesCsrfSecret } from './csrf.ts'

describe('a CSRF token', () => {
  it('proves the secret it was made of, and looks different each time', () => {
    const secret = newCsrfSecret()

    const [first, second] = [maskCsrfSecret(secret), maskCsrfSecret(secret)]

    expect(first).not.toBe(second)
    expect(provesCsrfSecret(first, secret)).toBe(true)
    expect(provesCsrfSecret(second, secret)).toBe(true)
  })

  it.each(['', 'bm90aGluZw==', maskCsrfSecret(newCsrfSecret()), `${maskCsrfSecret(newCsrfSecret())}AAAA`])(
    'that says %j proves nothing of another secret',
    (token) => {
      expect(provesCsrfSecret(token, newCsrfSecret())).toBe(false)
    },
  )
})

describe('a CSRF secret', () => {
  it('has its own form', () => {
    expect(isCsrfSecret(newCsrfSecret())).toBe(true)
    expect(['', undefined, 'abc', `${newCsrfSecret()}A`, 'ä'.repeat(43)].map(isCsrfSecret)).toEqual(
      Array(5).fill(false),
    )
  })
})
