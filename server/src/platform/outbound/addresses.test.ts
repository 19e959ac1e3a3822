import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contains, isLinkLocal, isPublic, parseAddress, parseNetwork } from './addresses.ts'

const bits = (text: string) => {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

test.each([
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '100.100.100.200',
  '169.254.169.254',
  '168.63.129.16',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::1.1.1.1',
  '2002:7f00:1::1',
  '2002:c0a8:101::',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '2001:db8::1',
  'fe80::1',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '100::1',
  '5f00::1',
])('%s is inside', (text) => {
  expect(isPublic(bits(text))).toBe(false)
})

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '172.32.0.1',
  '172.15.255.255',
  '100.128.0.1',
  '169.253.0.1',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00::1',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
])('%s is public', (text) => {
  expect(isPublic(bits(text))).toBe(true)
})

test('addresses of the machine itself and of its cloud are told from private ones', () => {
  expect(
    ['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1', 'fd00:ec2::254'].map((text) =>
      isLinkLocal(bits(text)),
    ),
  ).toEqual([true, true, true, true])
  expect(isLinkLocal(bits('10.0.0.1'))).toBe(false)
})

test('what is no address, and one with a zone, is none', () => {
  expect(['localhost', '', '1.2.3', '1.2.3.4.5', 'fe80::1%eth0', '0x7f.0.0.1'].map(parseAddress)).toEqual(
    Array(6).fill(undefined),
  )
})

test('every way to wrap a private IPv4 address is inside', () => {
  const inside = fc.constantFrom('10', '127', '192.168', '169.254')
  fc.assert(
    fc.property(
      inside,
      fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 3, maxLength: 3 }),
      (head, tail) => {
        const v4 = [...head.split('.'), ...tail].slice(0, 4).join('.')
        const [a = 0, b = 0, c = 0, d = 0] = v4.split('.').map(Number)
        const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
        for (const text of [
          v4,
          `::ffff:${v4}`,
          `::ffff:${hex}`,
          `64:ff9b::${hex}`,
          `2002:${hex}::5`,
          `::${v4}`,
        ]) {
          expect(isPublic(bits(text))).toBe(false)
        }
      },
    ),
  )
})

test('a network contains what begins as it does', () => {
  const network = parseNetwork('10.1.0.0/16')

  expect(contains(network, bits('10.1.255.1'))).toBe(true)
  expect(contains(network, bits('10.2.0.1'))).toBe(false)
  expect(contains(parseNetwork('fd00::/8'), bits('fdff::1'))).toBe(true)
  expect(contains(parseNetwork('127.0.0.1'), bits('127.0.0.2'))).toBe(false)
})
