import { expect, test } from 'vitest'
import { DomainError, type ErrorKind } from '../errors.ts'
import { answerTo } from './errors.ts'

test.each<[ErrorKind, number, string]>([
  ['bad-request', 400, 'BAD_REQUEST'],
  ['unauthorized', 401, 'UNAUTHORIZED'],
  ['forbidden', 403, 'FORBIDDEN'],
  ['not-found', 404, 'NOT_FOUND'],
  ['conflict', 409, 'CONFLICT'],
  ['precondition-failed', 412, 'PRECONDITION'],
  ['too-large', 413, 'REQUEST_ENTITY_TOO_LARGE'],
  ['too-many-requests', 429, 'TOO_MANY_REQUEST'],
  ['unavailable', 503, 'SERVICE_UNAVAILABLE'],
])('%s is %i %s', (kind, status, code) => {
  expect(answerTo(new DomainError(kind, 'public', { detail: 'private' }))).toEqual({
    status,
    code,
    message: 'public',
  })
})

test('an unexpected error says nothing of itself', () => {
  const unknown = { status: 500, code: 'UNKNOWN', message: 'internal server error' }

  expect(answerTo(new Error('/var/lib/secret'))).toEqual(unknown)
  expect(answerTo('text')).toEqual(unknown)
  expect(answerTo(Object.assign(new Error('x'), { statusCode: 400 }))).toEqual(unknown)
})

test('a body that breaks off is the doing of the client, a connection of ours that does is not', () => {
  const broken = Object.assign(new Error('aborted'), { code: 'ECONNRESET' })

  expect(answerTo(broken)).toMatchObject({ status: 500 })
  expect(answerTo(Object.assign(broken, { statusCode: 400 }))).toMatchObject({ status: 400 })
})

test.each([
  ['22021', 'invalid byte sequence for encoding "UTF8": 0x00'],
  ['54000', 'index row size 3016 exceeds btree version 4 maximum 2704'],
])('a value the database cannot hold (%s) is the fault of the caller', (code, message) => {
  const error = Object.assign(new Error(message), { code })

  expect(answerTo(error)).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
})

test.each([
  { code: '57P01' },
  { code: '08006' },
  { code: '53300' },
  { code: 'ECONNREFUSED' },
  { code: 'ECONNRESET', syscall: 'read' },
  { code: 'EPIPE', syscall: 'write' },
  { code: 'ENOENT', syscall: 'connect' },
  { message: 'Connection terminated unexpectedly' },
  { message: 'Client has encountered a connection error and is not queryable' },
])('a database that is away (%j) is a 503', (parts) => {
  expect(answerTo(Object.assign(new Error('host 10.0.0.1'), parts))).toEqual({
    status: 503,
    code: 'SERVICE_UNAVAILABLE',
    message: 'the service is temporarily unavailable',
  })
})

test('a file that is not there is no database that is away', () => {
  const error = Object.assign(new Error('open'), { code: 'ENOENT', syscall: 'open' })

  expect(answerTo(error).status).toBe(500)
})
