import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { DomainError, type ErrorKind } from '../errors.ts'
import { validationMessage } from './validation-message.ts'

/** One failure as the REST API tells it: a status and Harbor's `{errors: [{code, message}]}` of one element. */
export interface Answer {
  status: number
  code: string
  message: string
}

const KINDS: Record<ErrorKind, { status: number; code: string }> = {
  'bad-request': { status: 400, code: 'BAD_REQUEST' },
  unauthorized: { status: 401, code: 'UNAUTHORIZED' },
  forbidden: { status: 403, code: 'FORBIDDEN' },
  denied: { status: 403, code: 'DENIED' },
  'not-found': { status: 404, code: 'NOT_FOUND' },
  conflict: { status: 409, code: 'CONFLICT' },
  'precondition-failed': { status: 412, code: 'PRECONDITION' },
  referenced: { status: 412, code: 'VIOLATE_FOREIGN_KEY_CONSTRAINT' },
  'too-large': { status: 413, code: 'REQUEST_ENTITY_TOO_LARGE' },
  'too-many-requests': { status: 429, code: 'TOO_MANY_REQUEST' },
  'not-implemented': { status: 501, code: 'NOT_IMPLEMENTED' },
  unavailable: { status: 503, code: 'SERVICE_UNAVAILABLE' },
}

const UNKNOWN: Answer = { status: 500, code: 'UNKNOWN', message: 'internal server error' }

/**
 * What the caller is told of `error`. Errors that carry no text meant for him become a bare 500; the text of
 * an unexpected error never leaves the process.
 */
export function answerTo(error: unknown): Answer {
  if (error instanceof DomainError) return { ...KINDS[error.kind], message: error.message }
  if (!(error instanceof Error)) return UNKNOWN
  return frameworkAnswer(error as FastifyError) ?? databaseAnswer(error) ?? UNKNOWN
}

/** Failures that Fastify finds itself: Harbor answers 422 to whatever does not fit the description of the API. */
function frameworkAnswer(error: FastifyError): Answer | undefined {
  if (error.validation) return unprocessable(validationMessage(error.validation, error.validationContext))
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return unprocessable('unsupported media type, only [application/json] are allowed')
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return unprocessable('the body is not valid JSON')
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { ...KINDS['too-large'], message: 'the request body is too large' }
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return { ...KINDS['bad-request'], message: 'a part of the path is too long' }
  }
  const { statusCode } = error
  // Fastify's own mark on an error of the request's body: the client has gone, and nobody will read this.
  if (error.code === 'ECONNRESET' && statusCode === 400)
    return { ...KINDS['bad-request'], message: 'the request body ended early' }
  const own =
    statusCode !== undefined && statusCode >= 400 && statusCode < 500 && /^FST_/.test(error.code ?? '')
  return own ? { ...KINDS['bad-request'], message: 'the request is malformed' } : undefined
}

function unprocessable(what: string): Answer {
  return { status: 422, code: 'UNPROCESSABLE_ENTITY', message: `validation failure list:\n${what}` }
}

/**
 * SQLSTATE 22…: a value that the column cannot hold (a NUL in a text, an id beyond 64 bits), hence the
 * caller's doing; 54…: more than it can do at all, such as a text too long for an index. 08, 53, 58 and 57P, or no connection at all: the database is away, full or failing, hence nobody's but ours.
 * 40: it has ended a transaction for the sake of others, and would take it the next time.
 */
function databaseAnswer(error: Error): Answer | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (/^(22|54)[0-9A-Z]{3}$/.test(code)) {
    return {
      ...KINDS['bad-request'],
      message: 'a value is out of range or holds characters that cannot be stored',
    }
  }
  const away = /^(08|40|53|58)[0-9A-Z]{3}$|^57P[0-9A-Z]{2}$|^ECONNREFUSED$/.test(code)
  const cut = code === '' && CUT.test(error.message)
  return away || cut || isBrokenSocket(error, code)
    ? { ...KINDS.unavailable, message: 'the service is temporarily unavailable' }
    : undefined
}

/** A connection that broke under a statement; that of a database on this machine is a file, which goes with it. */
function isBrokenSocket(error: Error, code: string): boolean {
  const syscall = 'syscall' in error ? error.syscall : undefined
  if (syscall === 'connect') return ['ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAGAIN'].includes(code)
  return (syscall === 'read' || syscall === 'write') && ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(code)
}

/** What the driver says, without a code, of a connection that has broken under a statement or before the next one. */
const CUT =
  /^(Connection terminated|timeout exceeded when trying to connect|Client (has encountered a connection error|was closed) and is not queryable)/

/** Sends an answer in Harbor's error list. The request's id is set here, because some errors come before any hook. */
export function sendError(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply
    .code(answer.status)
    .header('x-request-id', reply.request.id)
    .type('application/json; charset=utf-8')
    .send({ errors: [{ code: answer.code, message: answer.message }] })
}

/**
 * Fastify's error handler for the REST API, and its `frameworkErrors` (a path that does not decode, for
 * one). What must stay inside goes to the log, under the request's id.
 */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = answerTo(error)
  if (answer.status >= 500 && answer.status !== 501) request.log.error({ err: error }, 'request failed')
  else if (error instanceof DomainError && (error.detail !== undefined || error.cause !== undefined)) {
    request.log.info({ err: error, detail: error.detail }, 'request refused')
  }
  return sendError(reply, answer)
}
