import { beforeEach, expect, test } from 'vitest'
import { type Answer, json } from '../harness/http.ts'
import { openAsAdministrator, uniqueName } from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()
let robot: { id: number; name: string; secret: string }
let registry: Registry

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const answer = await openAsAdministrator(site.server).send({
    method,
    path: `/api/v2.0${path}`,
    headers: { 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  expect(answer.status).toBeLessThan(300)
  return answer
}

const wanted = () => ({
  name: uniqueName('ci'),
  level: 'project',
  duration: -1,
  permissions: [
    { kind: 'project', namespace: site.project, access: [{ resource: 'repository', action: 'push' }] },
  ],
})

beforeEach(async () => {
  robot = json(await call('POST', '/robots', wanted())) as typeof robot
  registry = site.registry.as({ username: robot.name, password: robot.secret })
})

const scope = () => `scope=${encodeURIComponent(`repository:${site.project}/app:pull`)}`
const ask = (more = '', headers = {}) =>
  registry.get(`/service/token?${scope()}&service=harbor-registry${more}`, headers)

/** What the token of an answer allows. */
function actionsIn(answer: Answer): string[] {
  expect(answer.status).toBe(200)
  const { token } = json(answer) as { token: string }
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    access: { actions: string[] }[]
  }
  return claims.access.flatMap(({ actions }) => actions)
}

test('a robot is answered the same whatever it asks besides', async () => {
  // Within the same minute it is the same token, and a parameter that nobody knows changes nothing.
  const usual = await ask('', { 'X-Request-Id': 'mine' })
  const odd = await ask('&unknown=1', { 'X-Request-Id': 'mine' })

  expect(actionsIn(usual)).toEqual(['pull', 'push'])
  expect(odd.body.toString()).toBe(usual.body.toString())
  const { date: _then, ...headers } = usual.headers
  const { date: _now, ...expected } = odd.headers
  expect(headers).toEqual(expected)
})

test.each<[string, () => Promise<unknown>]>([
  ['deleted', () => call('DELETE', `/robots/${robot.id}`)],
  ['disabled', () => call('PUT', `/robots/${robot.id}`, { ...wanted(), ...robot, disable: true })],
  ['given another secret', () => call('PATCH', `/robots/${robot.id}`, {})],
])('a robot that was %s gets no token for anything from then on', async (_how, change) => {
  expect(actionsIn(await ask())).toEqual(['pull', 'push'])

  await change()

  expect(actionsIn(await ask())).toEqual([])
  expect(actionsIn(await ask('&unknown=1'))).toEqual([])
  expect((await registry.get('/service/token?service=harbor-registry')).status).toBe(401)
})

test('a robot with another secret has none of what it may', async () => {
  const other = site.registry.as({ username: robot.name, password: 'x'.repeat(robot.secret.length) })

  expect(actionsIn(await other.get(`/service/token?${scope()}&service=harbor-registry`))).toEqual([])
})
