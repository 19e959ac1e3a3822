import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseEndpoint } from './endpoint.ts'
import { formatMessage, frame, type SyslogMessage } from './message.ts'

const message = (over: Partial<SyslogMessage> = {}): SyslogMessage => ({
  facility: 13,
  severity: 6,
  time: new Date('2026-01-02T03:04:05.678Z'),
  host: 'registry',
  app: 'audit',
  process: 7,
  id: 'create_project',
  text: 'hello',
  ...over,
})

test('a message has the form of RFC 5424', () => {
  const text = formatMessage(message(), 1000).toString()

  expect(text).toBe('<110>1 2026-01-02T03:04:05.678Z registry audit 7 create_project - hello')
})

test('octets are counted, not characters', () => {
  expect(frame(Buffer.from('größe')).toString()).toBe('7 größe')
})

test('whatever is told, a message is one line, bounded, whole characters, and its head has seven fields', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.integer({ min: 120, max: 200 }),
      (text, id, most) => {
        const bytes = formatMessage(message({ text: `${text}ü`.repeat(9), id, host: `${id} ` }), most)

        expect(bytes.length).toBeLessThanOrEqual(most)
        expect(bytes.toString()).not.toMatch(/[\r\n]/)
        if (!/[\ud800-\udfff]/.test(text)) expect(bytes.toString()).not.toContain('\ufffd')
        expect(bytes.toString()).toMatch(/^<110>1 \S+ \S+ audit 7 \S+ - /)
      },
    ),
  )
})

test.each([
  ['syslog:514', { transport: 'tcp', host: 'syslog', port: 514 }],
  ['tls://logs.example.com:6514', { transport: 'tls', host: 'logs.example.com', port: 6514 }],
  ['udp://192.0.2.1:514', { transport: 'udp', host: '192.0.2.1', port: 514 }],
  ['tcp://[2001:db8::1]:601', { transport: 'tcp', host: '2001:db8::1', port: 601 }],
])('%s is a receiver', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint)
})

test.each([
  '',
  'syslog',
  'syslog:0',
  'syslog:65536',
  'http://syslog:514',
  'a b:514',
  'user@syslog:514',
  '[x]:1',
])('%j is none', (text) => {
  expect(parseEndpoint(text)).toBeUndefined()
})
