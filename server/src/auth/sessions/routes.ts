import type { FastifyReply, FastifyRequest } from 'fastify'
import { ANONYMOUS, type Principal } from '../../access/model.ts'
import { isRandomSecret, newRandomSecret } from '../../platform/crypto/random-secret.ts'
import { DomainError } from '../../platform/errors.ts'
import { type AuthDeps, authenticateRest } from '../service.ts'
import { parseCookies, serializeCookie } from './cookies.ts'
import { isCsrfSecret, maskCsrfSecret, newCsrfSecret, provesCsrfSecret } from './csrf.ts'

export interface BrowserDeps extends AuthDeps {
  /** The origin that clients use, where it is configured; else each request says it. */
  externalUrl?: string | undefined
}

const SESSION_COOKIE = 'sid'
const CSRF_COOKIE = '_gorilla_csrf'
const NO_RENEWAL = 'x-harbor-no-session-renewal'
const CSRF_HEADER = 'x-harbor-csrf-token'
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * The `authenticate` of the REST guard: Basic, else the session of the browser. A caller without credentials
 * gets a session cookie, which nothing is stored for; one who has it gets a CSRF token with every answer,
 * and needs it for whatever changes something. Basic needs none: no page can make a browser send it.
 * Throws forbidden where the token is missing or wrong.
 */
export function restAuthentication(
  deps: BrowserDeps,
): (request: FastifyRequest, reply: FastifyReply) => Promise<Principal> {
  return async (request, reply) => {
    const { authorization } = request.headers
    const address = request.ip
    if (authorization !== undefined || !isForBrowsers(request)) {
      return authenticateRest(deps, { authorization, sessionId: undefined, address })
    }
    const cookies = parseCookies(request.headers.cookie)
    const sessionId = sessionOf(request)
    if (sessionId !== undefined || isLoginPath(request)) checkOrigin(deps, request, reply, cookies)
    if (sessionId === undefined) {
      setSessionCookie(deps, request, reply, newRandomSecret())
      return ANONYMOUS
    }
    // Pages that ask again and again by themselves do not keep a session alive.
    const renewSession = request.headers[NO_RENEWAL] === undefined
    return authenticateRest(deps, { authorization, sessionId, address, renewSession })
  }
}

/** The id in the session cookie. */
export function sessionOf(request: FastifyRequest): string | undefined {
  const id = parseCookies(request.headers.cookie).get(SESSION_COOKIE)
  return id !== undefined && isRandomSecret(id) ? id : undefined
}

/**
 * Whether the request comes from a page of ours in a browser, logged in or not: it has a session cookie and no other
 * credentials, hence its CSRF token has been checked where it changes something.
 */
export function isFromBrowser(request: FastifyRequest): boolean {
  return request.headers.authorization === undefined && sessionOf(request) !== undefined
}

/** Gives the browser this session id, in place of any that this answer gave it before. */
export function setSessionCookie(
  deps: BrowserDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
): void {
  setCookie(deps, request, reply, SESSION_COOKIE, id)
}

function checkOrigin(
  deps: BrowserDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  cookies: ReadonlyMap<string, string>,
): void {
  const kept = cookies.get(CSRF_COOKIE)
  const secret = isCsrfSecret(kept) ? kept : newCsrfSecret()
  if (secret !== kept) setCookie(deps, request, reply, CSRF_COOKIE, secret)
  reply.header(CSRF_HEADER, maskCsrfSecret(secret))
  if (SAFE_METHODS.has(request.method)) return

  const token = request.headers[CSRF_HEADER]
  if (token === undefined || token === '')
    throw new DomainError('forbidden', 'CSRF token not found in request')
  // Browsers of today say where a request comes from. A sister site could plant the cookie, but not say this.
  const from = request.headers['sec-fetch-site'] ?? 'same-origin'
  const own = from === 'same-origin' || from === 'none'
  if (!own || secret !== kept || !provesCsrfSecret(String(token), secret)) {
    throw new DomainError('forbidden', 'CSRF token invalid')
  }
}

function setCookie(
  deps: BrowserDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  value: string,
): void {
  const origin = deps.externalUrl ?? `${request.protocol}:`
  const line = serializeCookie(name, value, { secure: origin.startsWith('https:') })
  const others = [reply.getHeader('set-cookie') ?? []].flat().map(String)
  reply.removeHeader('set-cookie')
  for (const other of [...others.filter((text) => !text.startsWith(`${name}=`)), line]) {
    reply.header('set-cookie', other)
  }
}

function isForBrowsers(request: FastifyRequest): boolean {
  return routeOf(request).startsWith('/api/') || isLoginPath(request)
}

function isLoginPath(request: FastifyRequest): boolean {
  return routeOf(request).startsWith('/c/')
}

/** The route and not the path as sent: `/%63/login` is the same route in another spelling. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? ''
}
