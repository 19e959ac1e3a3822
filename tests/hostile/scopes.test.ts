import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { scraps } from '../harness/hostile.ts'
import { type Answer, json } from '../harness/http.ts'
import { usePeople } from '../harness/people.ts'
import { administrator, createProject } from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const ALL = ['delete', 'pull', 'push']
const RUNS = { numRuns: 250, seed: Number(process.env.PORTOLAN_FUZZ_SEED ?? 1) }

/** Somebody who asks for tokens, and what he may do in which project. */
interface Asker {
  registry: Registry
  rights: ReadonlyMap<string, readonly string[]>
  /** What he logs in with; nobody in particular has nothing. */
  login?: { username: string; password: string }
}

interface Claims {
  access: { type: string; name: string; actions: string[] }[] | null
  projects: Record<string, number>
}

const site = useSite()
const people = usePeople(site)
const WHO = ['nobody', 'stranger', 'guest', 'robot', 'maintainer', 'administrator'] as const
let askers: Record<(typeof WHO)[number], Asker>
let open: string

beforeAll(async () => {
  open = (await createProject(site.server, { public: true })).name
  for (const project of [site.project, open]) {
    await openRepository(site.registry, `${project}/app`).pushImage('v1')
  }
  const robot = await makeRobot()
  const asker = (own: readonly string[], login?: Asker['login'], elsewhere = ['pull']): Asker => ({
    registry: site.registry.as(login),
    rights: new Map([[site.project, own], ...[open, 'library'].map((name) => [name, elsewhere] as const)]),
    ...(login && { login }),
  })
  askers = {
    nobody: asker([]),
    stranger: asker([], people.stranger),
    guest: asker(['pull'], people.guest),
    robot: asker(['pull'], robot),
    maintainer: asker(ALL, people.maintainer),
    administrator: asker(ALL, administrator(site.server), ALL),
  }
})

/** One that may pull in the site's project. */
async function makeRobot(): Promise<{ username: string; password: string }> {
  const access = [{ resource: 'repository', action: 'pull' }]
  const permissions = [{ kind: 'project', namespace: site.project, access }]
  const made = await site.registry.send({
    method: 'POST',
    path: '/api/v2.0/robots',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'puller', level: 'system', duration: -1, permissions }),
  })
  const { name, secret } = json(made) as { name: string; secret: string }
  return { username: name, password: secret }
}

/** The most that a scope may give. */
function mostOf(asker: Asker, type: string, name: string): readonly string[] {
  if (type === 'registry' && name === 'catalog') return asker.login ? ['*'] : []
  const slash = name.indexOf('/')
  return type === 'repository' && slash > 0 ? (asker.rights.get(name.slice(0, slash)) ?? []) : []
}

function claimsIn(token: string): Claims {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims
}

const words = (text: string) => fc.constantFrom(...text.trim().split(/\s+/))
const names = fc.oneof(
  {
    weight: 4,
    arbitrary: words(`
      {mine}/app {open}/app {mine}/a/b {mine} {mine}/ /{mine}/app {mine}//app {open}/../{mine}/app {mine}/../{open}/app
      {MINE}/app {mine}/app:443/x {mine}/* */* * catalog library/app {mine}%2Fapp {open}/app,{mine}/app __proto__/app
    `),
  },
  { weight: 1, arbitrary: fc.array(scraps, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
)
const types = fc.oneof(
  { weight: 6, arbitrary: fc.constant('repository') },
  { weight: 2, arbitrary: words('registry Repository repository(plugin) project * scanner') },
  { weight: 1, arbitrary: scraps },
)
const actions = fc.oneof(words('pull push pull,push delete * pull,push,delete,* PUSH ,'), scraps)
const scope = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(types, names, actions).map((parts) => parts.join(':')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
)
const asked = fc.record({
  who: fc.constantFrom(...WHO),
  scopes: fc.array(scope, { maxLength: 4 }),
  inOne: fc.boolean(),
  rest: fc.oneof(
    { weight: 4, arbitrary: fc.constant('') },
    words(
      '&scope=%ff%00 &scope=% &scope[]=x &scope &service=other &offline_token=true &account=admin &a=%zz',
    ),
  ),
})

const fill = (text: string) =>
  text
    .replaceAll('{mine}', site.project)
    .replaceAll('{MINE}', site.project.toUpperCase())
    .replaceAll('{open}', open)

/** That a token says no more than its holder may do, and that no more can be done with it. */
async function checkToken(asker: Asker, token: string): Promise<void> {
  const { access, projects } = claimsIn(token)
  for (const { type, name, actions: granted } of access ?? []) {
    const most = mostOf(asker, type, name)
    expect(granted.filter((action) => !most.includes(action))).toEqual([])
  }
  // The number of a project that he may not see would tell that it is there.
  const seen = Object.keys(projects)
  expect(seen.filter((name) => (asker.rights.get(name) ?? []).length === 0)).toEqual([])

  const holder = site.registry.as({ token })
  const repository = `${site.project}/app`
  const granted = (access ?? [])
    .filter(({ type, name }) => type === 'repository' && name === repository)
    .flatMap((entry) => entry.actions)
  const pulled = await holder.head(`/v2/${repository}/manifests/v1`)
  const begun = await holder.send({ method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
  expect(pulled.status === 200).toBe(granted.includes('pull'))
  expect(begun.status === 202).toBe(granted.includes('push'))
}

test.each(WHO)('%s gets what he may do, and all of it', async (who) => {
  const asker = askers[who]
  const all = [`${site.project}/app`, `${open}/app`, 'library/app', 'none/app']
  const query = all.map((name) => `scope=repository:${name}:pull`).join('&')

  const answer = await asker.registry.get(`/service/token?service=harbor-registry&${query}`)

  const { token } = json(answer) as { token: string }
  const granted = new Map(claimsIn(token).access?.map(({ name, actions }) => [name, actions]))
  expect(granted).toEqual(new Map(all.map((name) => [name, [...mostOf(asker, 'repository', name)]])))
})

test('whatever scopes are asked for, the token service fails at none, and gives nobody more than he has', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(asked, async ({ who, scopes, inOne, rest }) => {
      const texts = inOne ? [scopes.map(fill).join(' ')] : scopes.map(fill)
      const query = texts.map((text) => `&scope=${encodeURIComponent(text)}`).join('')

      const answer = await askers[who].registry.get(`/service/token?service=harbor-registry${query}${rest}`)

      expect(answer.status).toBeLessThan(500)
      if (answer.status === 200) await checkToken(askers[who], tokenIn(answer))
    }),
    RUNS,
  )
})

test('nor does it by the form of OAuth2', { timeout: 120_000 }, async () => {
  const granted = fc.constantFrom(
    'password',
    'password',
    'password',
    'refresh_token',
    'client_credentials',
    '',
  )
  await fc.assert(
    fc.asyncProperty(asked, granted, async ({ who, scopes, rest }, grant) => {
      const form = { grant_type: grant, service: 'harbor-registry', scope: scopes.map(fill).join(' ') }

      const answer = await site.registry.as().send({
        method: 'POST',
        path: '/service/token',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...form, ...askers[who].login }).toString() + rest,
      })

      expect(answer.status).toBeLessThan(500)
      if (answer.status === 200) await checkToken(askers[who], tokenIn(answer))
    }),
    RUNS,
  )
})

function tokenIn(answer: Answer): string {
  return (json(answer) as { token: string }).token
}
