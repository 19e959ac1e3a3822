import { expect } from 'vitest'
import { type Answer, type Call, json } from '../../harness/http.ts'
import { fetchToken, openRegistry, type Registry } from '../../harness/registry.ts'
import { type Account, ask } from '../operations/world.ts'

/** Permissions by their words, in the system and in projects. */
export interface Words {
  system: readonly string[]
  project: readonly string[]
}

/** What a caller holds, apart from his credentials; what follows from it stands in expectation.ts. */
export type Standing =
  | { kind: 'anonymous' }
  | {
      kind: 'user'
      /** In both projects. */
      role?: string
      /** By a custom role that he has in both projects. */
      custom?: readonly string[]
      sysadmin?: true
      /** By a custom role in the system, hence in every project. */
      grants?: Words
      /** Set where he shows an access token, with what it leaves him; `all` leaves him everything. */
      token?: Words | 'all'
    }
  /** `everywhere`: in every project, and not in one alone. */
  | (Words & { kind: 'robot'; everywhere?: true })

/** Somebody who calls, by one kind of credentials. */
export interface Caller {
  name: string
  standing: Standing
  /** The one project that he is asked about, by its id; all unless told. */
  only?: number
  send(call: Call): Promise<Answer>
}

/** Each caller comes from an address of his own: wrong credentials of one must not throttle the others. */
let lastAddress = 10

function ownAddress(): { localAddress: string } {
  lastAddress += 1
  return { localAddress: `127.0.0.${lastAddress}` }
}

/** With user and password, robot and secret, or user and access token; without any where there is no account. */
export function basicCaller(
  url: string,
  name: string,
  standing: Standing,
  account?: Pick<Account, 'username' | 'password'>,
): Caller {
  return { name, standing, send: openRegistry(url, account, ownAddress()).send }
}

/** With the session of a browser and the token that guards it against other sites. */
export async function sessionCaller(
  url: string,
  name: string,
  standing: Standing,
  account: Account,
): Promise<Caller> {
  const browser = openRegistry(url, undefined, ownAddress())
  const cookies = new Map<string, string>()
  let csrf = ''
  const send = async (call: Call): Promise<Answer> => {
    const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ')
    const answer = await browser.send({
      ...call,
      headers: { ...call.headers, Cookie: cookie, 'X-Harbor-CSRF-Token': csrf },
    })
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(key, value)
    }
    csrf = String(answer.headers['x-harbor-csrf-token'] ?? csrf)
    return answer
  }

  await send({ path: '/api/v2.0/systeminfo' })
  await send({ path: '/api/v2.0/systeminfo' })
  const form = new URLSearchParams({ principal: account.username, password: account.password }).toString()
  const login = await send({
    method: 'POST',
    path: '/c/login',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: form,
  })
  expect(login.status).toBe(200)
  await send({ path: '/api/v2.0/systeminfo' })

  return { name, standing, send }
}

/** With a token of the token service, which is for the registry and no key to the REST interface. */
export async function tokenCaller(url: string, name: string, account: Account): Promise<Caller> {
  const registry = openRegistry(url, account)
  const challenge = await openRegistry(url).get('/v2/')
  const token = await fetchToken(registry, String(challenge.headers['www-authenticate']))
  const { send } = openRegistry(url, { token }, ownAddress())

  return { name, standing: { kind: 'anonymous' }, send }
}

/** Creates a robot as the administrator; its name and secret. */
export async function makeRobot(
  admin: Registry,
  body: object,
): Promise<{ id: number; username: string; password: string }> {
  const answer = await ask(admin, 'POST', '/api/v2.0/robots', body)
  if (answer.status !== 201) throw new Error(`no robot: ${answer.status} ${answer.body.toString('utf8')}`)
  const { id, name, secret } = json(answer) as { id: number; name: string; secret: string }

  return { id, username: name, password: secret }
}

/** Creates an access token of the user behind `registry`. */
export async function makeToken(registry: Registry, body: object): Promise<{ id: number; token: string }> {
  const answer = await ask(registry, 'POST', '/api/v2.0/users/current/tokens', body)
  if (answer.status !== 201) throw new Error(`no token: ${answer.status} ${answer.body.toString('utf8')}`)

  return json(answer) as { id: number; token: string }
}
