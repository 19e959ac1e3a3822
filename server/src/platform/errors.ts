/**
 * The errors that services throw. A kind says what went wrong in words of no protocol; the edges
 * (`platform/http` for REST, `registry/` for OCI) turn it into a status and a code.
 */
export type ErrorKind =
  | 'bad-request'
  | 'unauthorized'
  | 'forbidden'
  /** The caller may do such things, but not this one, or not now. */
  | 'denied'
  | 'not-found'
  | 'conflict'
  | 'precondition-failed'
  /** It cannot go while others refer to it. */
  | 'referenced'
  | 'too-large'
  | 'too-many-requests'
  | 'not-implemented'
  | 'unavailable'

/**
 * An error whose `message` may be shown to the caller. Whatever must stay inside (a path, a host, a
 * statement) goes into `detail` or `cause`, which only the log sees.
 */
export class DomainError extends Error {
  readonly kind: ErrorKind
  readonly detail: unknown

  constructor(kind: ErrorKind, message: string, options: { detail?: unknown; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'DomainError'
    this.kind = kind
    this.detail = options.detail
  }
}

/**
 * An error that stops a command of the command line: `message` is the one line printed to standard
 * error, `exitCode` the status of the process.
 */
export class FatalError extends Error {
  readonly exitCode: number

  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'FatalError'
    this.exitCode = options.exitCode ?? 1
  }
}
