import { expect, it } from 'vitest'
import { parseCookies, serializeCookie } from './cookies.ts'

it.each<[string | undefined, [string, string][]]>([
  [undefined, []],
  ['', []],
  ['sid=abc', [['sid', 'abc']]],
  [
    'a=1; sid=abc=d;b=2',
    [
      ['a', '1'],
      ['sid', 'abc=d'],
      ['b', '2'],
    ],
  ],
  ['sid=first; sid=second', [['sid', 'first']]],
  ['=x; ; nothing', []],
  ['__proto__=x', [['__proto__', 'x']]],
])('the header %j holds these cookies', (header, cookies) => {
  expect([...parseCookies(header)]).toEqual(cookies)
})

it('a cookie is marked secure where the client uses TLS', () => {
  expect(serializeCookie('sid', 'abc', { secure: false })).toBe('sid=abc; Path=/; HttpOnly; SameSite=Lax')
  expect(serializeCookie('sid', 'abc', { secure: true })).toBe(
    'sid=abc; Path=/; HttpOnly; SameSite=Lax; Secure',
  )
})
