import http from 'node:http'
import https from 'node:https'
import { type Answer, type Call, json, type SendOptions, send } from './http.ts'

export type Credentials = { username: string; password: string } | { token: string }

export interface Registry {
  readonly url: string
  /** The same registry, asked by somebody else; without an argument by nobody in particular. */
  as(credentials?: Credentials): Registry
  send(call: Call): Promise<Answer>
  get(path: string, headers?: http.OutgoingHttpHeaders): Promise<Answer>
  head(path: string, headers?: http.OutgoingHttpHeaders): Promise<Answer>
  delete(path: string): Promise<Answer>
}

/** A client that sends exactly what it is told, with the credentials on every request. */
export function openRegistry(url: string, credentials?: Credentials, options?: SendOptions): Registry {
  const agent = url.startsWith('https:') ? new https.Agent(pool) : new http.Agent(pool)
  return withOptions(url, { agent, ...options }, credentials)
}

const pool = { keepAlive: true, maxSockets: 16 }

function withOptions(url: string, options: SendOptions, credentials: Credentials | undefined): Registry {
  const authorization = credentials === undefined ? {} : { Authorization: authorizationOf(credentials) }
  const ask = (call: Call) => send(url, { ...call, headers: { ...authorization, ...call.headers } }, options)
  return {
    url,
    as: (other) => withOptions(url, options, other),
    send: ask,
    get: (path, headers = {}) => ask({ path, headers }),
    head: (path, headers = {}) => ask({ method: 'HEAD', path, headers }),
    delete: (path) => ask({ method: 'DELETE', path }),
  }
}

function authorizationOf(credentials: Credentials): string {
  if ('token' in credentials) {
    return `Bearer ${credentials.token}`
  }
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`
}

/** Path and query of the answer's `Location`, be it relative or absolute. */
export function locationOf(answer: Answer): string {
  const location = answer.headers.location
  if (location === undefined || location === '') {
    throw new Error(`no Location in an answer ${answer.status}: ${answer.body.toString('utf8')}`)
  }
  const url = new URL(location, 'http://registry.invalid')
  return url.pathname + url.search
}

/** A location with one more query parameter, whatever it carries already. */
export function withQuery(location: string, parameters: Record<string, string>): string {
  const query = new URLSearchParams(parameters).toString()
  return location + (location.includes('?') ? '&' : '?') + query
}

/** Path and query of the `Link` to the next page, if there is one. */
export function nextOf(answer: Answer): string | undefined {
  const link = [answer.headers.link ?? ''].flat().join(',')
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link)?.[1]
  if (target === undefined) {
    return undefined
  }
  const url = new URL(target, 'http://registry.invalid')
  return url.pathname + url.search
}

/** The codes of an error body in the form of the specification; it rejects every other body. */
export function codesOf(answer: Answer): string[] {
  const body = json(answer)
  if (typeof body !== 'object' || body === null || !('errors' in body) || !Array.isArray(body.errors)) {
    throw new Error(`not an error body: ${answer.body.toString('utf8')}`)
  }
  return body.errors.map((error: { code?: unknown }) => String(error.code))
}

/** Follows the challenge of an answer 401 to the token service, as clients do, and answers the token. */
export async function fetchToken(registry: Registry, challenge: string): Promise<string> {
  const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? ''
  const realm = new URL(field('realm'))
  const query = new URLSearchParams({ service: field('service'), scope: field('scope') })
  const answer = await registry.get(`${realm.pathname}?${query}`)
  const body = json(answer)
  if (typeof body !== 'object' || body === null || !('token' in body)) {
    throw new Error(`no token: ${answer.status} ${answer.body.toString('utf8')}`)
  }
  return String(body.token)
}
