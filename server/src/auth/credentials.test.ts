import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAuthorization } from './credentials.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

describe('an Authorization header', () => {
  it('of the scheme Basic has a name and a password, which may have colons', () => {
    expect(parseAuthorization(basic('ann:a:b'))).toEqual({
      scheme: 'basic',
      username: 'ann',
      password: 'a:b',
    })
    expect(parseAuthorization(basic('ann:a').replace('Basic', 'bAsIc '))).toMatchObject({ username: 'ann' })
  })

  it('gives back every name and password in UTF-8', () => {
    const word = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(
        word.filter((name) => name !== '' && !name.includes(':')),
        word,
        (username, password) => {
          expect(parseAuthorization(basic(`${username}:${password}`))).toEqual({
            scheme: 'basic',
            username,
            password,
          })
        },
      ),
    )
  })

  it('of the scheme Bearer has a token', () => {
    expect(parseAuthorization('Bearer a.b-c_d.e')).toEqual({ scheme: 'bearer', token: 'a.b-c_d.e' })
  })

  it.each([
    '',
    'Basic',
    'Basic !!!',
    'Basic YW5u',
    basic(':password'),
    'Bearer',
    'Bearer a b',
    'Negotiate abc',
  ])('that says %j shows nothing to go by', (header) => {
    expect(parseAuthorization(header)).toEqual({ scheme: 'unknown' })
  })
})
