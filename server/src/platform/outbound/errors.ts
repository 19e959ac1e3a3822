export type OutboundProblem =
  /** What is asked for is no request that can be made. */
  | 'invalid'
  /** The guard: an address that is not to be called. */
  | 'refused'
  | 'unreachable'
  | 'certificate'
  | 'timeout'
  | 'redirects'
  | 'too-large'
  /** Whoever asked does not want it any more. */
  | 'aborted'

/**
 * A call that failed. The message may be shown to whoever set the address: it names the origin, never path, query or
 * headers, which may hold secrets, and nothing that was answered. It has no `cause` for the same reason.
 */
export class OutboundError extends Error {
  readonly problem: OutboundProblem

  constructor(problem: OutboundProblem, message: string) {
    super(message)
    this.name = 'OutboundError'
    this.problem = problem
  }
}

const CERTIFICATE =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|INVALID_CA)/

/** What went wrong below, in words that hold nothing of the request. */
export function toOutboundError(error: unknown, origin: string): OutboundError {
  for (let reason = error, depth = 0; reason instanceof Error && depth < 5; depth += 1) {
    if (reason instanceof OutboundError) return reason
    const known = byCode(reason, origin)
    if (known) return known
    reason = reason instanceof AggregateError ? reason.errors[0] : reason.cause
  }
  return new OutboundError('unreachable', `${origin} could not be called`)
}

function byCode(error: Error, origin: string): OutboundError | undefined {
  const code = String((error as NodeJS.ErrnoException).code ?? '')
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new OutboundError('timeout', `${origin} did not take the connection in time`)
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    return new OutboundError('timeout', `${origin} did not answer in time`)
  }
  if (code === 'UND_ERR_BODY_TIMEOUT') {
    return new OutboundError('timeout', `${origin} did not go on with its answer in time`)
  }
  if (code === 'UND_ERR_INVALID_ARG') {
    return new OutboundError('invalid', `no request can be made of this for ${origin}`)
  }
  if (CERTIFICATE.test(code)) {
    return new OutboundError('certificate', `the certificate of ${origin} is not trusted: ${code}`)
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new OutboundError('unreachable', `${origin}: no such host`)
  }
  return /^[A-Z_]{4,40}$/.test(code)
    ? new OutboundError('unreachable', `${origin} could not be called: ${code}`)
    : undefined
}
