import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readDocument } from './load.ts'
import { maskedText } from './masked-text.ts'

function textFor(env: Record<string, string>): string {
  return maskedText(readDocument({ env }))
}

test('what is printed is a configuration file in the order of the reference', () => {
  const text = textFor({ PORTOLAN_LISTEN_PORT: '1234', PORTOLAN_EXTERNAL_URL: 'https://h' })

  expect(parse(text)).toMatchObject({ listen: { port: 1234 }, external_url: 'https://h' })
  expect(text.indexOf('external_url')).toBeLessThan(text.indexOf('trusted_proxies'))
})

test('secrets are masked', () => {
  const text = textFor({
    PORTOLAN_ADMIN_PASSWORD: 'Hunter22',
    PORTOLAN_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
  })

  expect(parse(text)).toMatchObject({ admin_password: '***', secret_key: '***' })
})

test.each([
  ['postgres://user:Hunter22@host:5432/name', 'postgres://user:***@host:5432/name'],
  ['postgres://user:Hunt@er22@host/name', 'postgres://user:***@host/name'],
  ['postgres://user@host/name?password=Hunter22&a=b', 'postgres://user@host/name?password=***&a=b'],
  ['postgres://:Hunter22@/name?host=/run', 'postgres://:***@/name?host=/run'],
  ['postgres://host/name', 'postgres://host/name'],
])('the password inside %s is masked', (url, masked) => {
  expect(parse(textFor({ PORTOLAN_DATABASE_URL: url }))).toMatchObject({ database: { url: masked } })
})
