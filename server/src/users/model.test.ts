import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkPassword, checkProfile, checkUsername, type Profile } from './model.ts'

const profile = (change: Partial<Profile>): Profile => ({
  email: 'ann@example.com',
  realname: 'Ann',
  comment: '',
  ...change,
})

describe('user names', () => {
  it.each(['ann', 'ann.b-c_d', 'Ann Bell', 'ann@example.com', '安', 'a'.repeat(255)])('may be %j', (name) => {
    expect(() => checkUsername(name)).not.toThrow()
  })

  it.each(['a,b', 'a~b', 'a#b', 'a$b', 'a%b', 'a:b', 'a\u0000b', 'a\nb'])('may not be %j', (name) => {
    expect(() => checkUsername(name)).toThrow('username contains illegal characters')
  })

  it.each(['', 'a'.repeat(256)])('may not be of an illegal length', (name) => {
    expect(() => checkUsername(name)).toThrow('username with illegal length')
  })
})

describe('profiles', () => {
  it.each(['a@b.cd', 'a.b+c@sub.example.com', "o'neil@example.org"])('may have the address %s', (email) => {
    expect(() => checkProfile(profile({ email }))).not.toThrow()
  })

  it.each([
    'not-an-address',
    '@example.com',
    'a@',
    'a@b',
    'a@b.c',
    'a b@example.com',
    'a@@example.com',
    'a..b@example.com',
    'a@-.example.com\u0000',
    'a@exa mple.com',
  ])('may not have the address %j', (email) => {
    expect(() => checkProfile(profile({ email }))).toThrow('email with illegal format')
  })

  it.each<[Partial<Profile>, string]>([
    [{ email: '' }, "email can't be empty"],
    [{ realname: '' }, 'realname with illegal length'],
    [{ realname: 'a'.repeat(256) }, 'realname with illegal length'],
    [{ realname: 'a$b' }, 'realname contains illegal characters'],
    [{ comment: 'a'.repeat(31) }, 'comment with illegal length'],
    [{ comment: 'a\u0000' }, 'comment contains illegal characters'],
  ])('with %j are refused: %s', (change, message) => {
    expect(() => checkProfile(profile(change))).toThrow(message)
  })
})

describe('passwords', () => {
  it.each(['Contract1234', 'Aa345678', `Aa1${'x'.repeat(125)}`])('may be %s', (password) => {
    expect(() => checkPassword(password)).not.toThrow()
  })

  it.each(['weak', 'Aa34567', 'alllower1', 'ALLUPPER1', 'NoNumbers', `Aa1${'x'.repeat(126)}`])(
    'may not be %s',
    (password) => {
      expect(() => checkPassword(password)).toThrow('must be 8-128')
    },
  )

  it('without an upper case letter never pass, whatever else they have', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => checkPassword(text.replace(/[A-Z]/g, 'a'))).toThrow('must be 8-128')
      }),
    )
  })
})
