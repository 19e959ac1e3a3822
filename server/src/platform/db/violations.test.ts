import { expect, test } from 'vitest'
import { isOutage } from './violations.ts'

const withCode = (code: string) => Object.assign(new Error('failed'), { code })

test.each(['08006', '40P01', '40001', '53100', '53300', '57P01', '58030', 'ECONNREFUSED', 'EPIPE'])(
  '%s may be over the next time',
  (code) => {
    expect(isOutage(withCode(code))).toBe(true)
  },
)

test('so may a connection that was lost, or that there was none of', () => {
  expect(isOutage(new Error('Connection terminated unexpectedly'))).toBe(true)
  expect(isOutage(new Error('timeout exceeded when trying to connect'))).toBe(true)
})

test.each(['22P02', '23505', '42P01', 'ERR_INVALID_ARG_TYPE', ''])('%s will not be', (code) => {
  expect(isOutage(withCode(code))).toBe(false)
})

test('nor will an error of the program', () => {
  expect(isOutage(new TypeError('x is undefined'))).toBe(false)
  expect(isOutage('words')).toBe(false)
})
