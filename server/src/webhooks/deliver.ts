import { createHmac } from 'node:crypto'
import type { OutboundClient, OutboundRequest } from '../platform/outbound/client.ts'
import { OutboundError, type OutboundProblem } from '../platform/outbound/errors.ts'
import type { Target, TargetSecrets } from './model.ts'

/** What one attempt came to. */
export type Attempt =
  | { kind: 'arrived'; message: string }
  /** The target is not there at the moment, or says so: whatever waits for it goes on waiting. */
  | { kind: 'down'; message: string }
  /** It is there and does not want this one. */
  | { kind: 'unwanted'; message: string }
  /** It can never be called as things are. */
  | { kind: 'impossible'; message: string }
  /** We ended it ourselves. */
  | { kind: 'ended' }

export interface DeliverDeps {
  outbound: OutboundClient
  /** For the whole call. */
  timeoutMilliseconds: number
  now(): Date
}

// Nobody reads what is answered.
const MOST_ANSWER = 4096
const LATER = new Set([408, 425, 429])

/** Sends one message to one target. Never throws, and tells nothing of what was answered but the status. */
export async function deliver(
  deps: DeliverDeps,
  { target, secrets }: { target: Target; secrets: TargetSecrets },
  message: { id: number | undefined; eventType: string; contentType: string; body: string },
  signal?: AbortSignal,
): Promise<Attempt> {
  const request: OutboundRequest = {
    method: 'POST',
    url: target.address,
    headers: { 'content-type': message.contentType, 'user-agent': 'portolan-webhook' },
    credentials: credentialsFor(deps.now(), secrets, message),
    body: message.body,
    verifyCertificate: !target.skipCertVerify,
    totalMilliseconds: deps.timeoutMilliseconds,
    mostBytes: MOST_ANSWER,
    longer: 'cut',
    ...(signal && { signal }),
  }
  try {
    const { status } = await deps.outbound.request(request)
    const answered = `the target answered ${status}`
    if (status >= 200 && status < 300) return { kind: 'arrived', message: answered }
    return { kind: status >= 500 || LATER.has(status) ? 'down' : 'unwanted', message: answered }
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    if (error.problem === 'aborted') return { kind: 'ended' }
    return { kind: KINDS[error.problem], message: error.message }
  }
}

const KINDS: Readonly<Record<Exclude<OutboundProblem, 'aborted'>, 'down' | 'unwanted' | 'impossible'>> = {
  invalid: 'impossible',
  refused: 'impossible',
  unreachable: 'down',
  certificate: 'down',
  timeout: 'down',
  redirects: 'unwanted',
  'too-large': 'unwanted',
}

/** Headers that only the target itself gets to see. */
function credentialsFor(
  now: Date,
  { authHeader, headers, signingSecret }: TargetSecrets,
  message: { id: number | undefined; eventType: string; body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000))

  return {
    // Names of headers have no case: one that is set twice is the later one.
    ...Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
    ...(authHeader && { authorization: authHeader }),
    'x-portolan-event': message.eventType,
    'x-portolan-timestamp': timestamp,
    ...(message.id !== undefined && { 'x-portolan-delivery': String(message.id) }),
    ...(signingSecret && { 'x-portolan-signature': `v1=${sign(signingSecret, timestamp, message.body)}` }),
  }
}

/** Over time and body, so that what was heard once cannot be sent again later. */
function sign(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
}
