import { expect, test } from 'vitest'
import { json, send } from '../harness/http.ts'
import { codesOf, fetchToken } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

test('the base answers 200 to whoever has logged in', async () => {
  const answer = await site.registry.get('/v2/')

  expect(answer.status).toBe(200)
  expect(json(answer)).toEqual({})
})

test('the base names the version of the protocol, on which old Docker clients insist', async () => {
  const answer = await site.registry.get('/v2/')

  expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0')
})

test('the base answers HEAD without a body', async () => {
  const answer = await site.registry.head('/v2/')

  expect(answer.status).toBe(200)
  expect(answer.body).toHaveLength(0)
})

test('the base without its slash is found too', async () => {
  const answer = await site.registry.get('/v2')

  expect([200, 301, 307, 308]).toContain(answer.status)
})

test('nobody in particular is challenged to fetch a token here', async () => {
  const answer = await site.registry.as().get('/v2/')

  expect(answer.status).toBe(401)
  expect(codesOf(answer)).toEqual(['UNAUTHORIZED'])
  expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="[^"]+\/service\/token",service="[^"]+"/)
})

test('a wrong password is refused', async () => {
  const answer = await site.registry.as({ username: 'admin', password: 'wrong' }).get('/v2/')

  expect(answer.status).toBe(401)
  expect(codesOf(answer)).toEqual(['UNAUTHORIZED'])
  expect(answer.headers['www-authenticate']).toBeDefined()
})

test.each(['Bearer nonsense', 'Bearer eyJhbGciOiJub25lIn0.e30.', 'Basic %%%', 'Basic', 'Negotiate abc'])(
  'the credentials %j are refused, not an error of the server',
  async (authorization) => {
    const answer = await send(site.registry.url, { path: '/v2/', headers: { Authorization: authorization } })

    expect(answer.status).toBe(401)
  },
)

test('a token fetched at the realm of the challenge opens the door', async () => {
  const path = `/v2/${site.project}/conformance/repo1/tags/list`
  const challenge = (await site.registry.as().get(path)).headers['www-authenticate'] ?? ''

  const token = await fetchToken(site.registry, challenge)
  const answer = await site.registry.as({ token }).get(path)

  expect(challenge).toContain(`scope="repository:${site.project}/conformance/repo1:pull"`)
  expect(answer.status).not.toBe(401)
})
