import { expect, test } from 'vitest'
import { useEngine } from '../harness/engine.ts'
import { useHome } from '../harness/home.ts'
import type { Answer } from '../harness/http.ts'
import { usePeople } from '../harness/people.ts'
import { type User, uniqueName } from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('podman')

/** What a machine logs in with: the account of a robot, or a user's name with an access token. */
interface Machine extends User {
  revoke(): Promise<Answer>
}

describeWith('podman with the account of a machine', tools, (files) => {
  const site = useSite()
  const people = usePeople(site)
  const home = useHome()
  const podman = useEngine(home, files.podman)

  const login = ({ username, password }: User) =>
    podman.run('login', '--tls-verify=false', '--username', username, '--password', password, site.host)
  const push = (name: string) => podman.run('push', '--tls-verify=false', `${site.host}/${name}`)
  const pull = (name: string) => podman.run('pull', '--tls-verify=false', `${site.host}/${name}`)

  async function post(registry: Registry, path: string, body: object) {
    const answer = await registry.send({
      method: 'POST',
      path: `/api/v2.0${path}`,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(answer.status).toBe(201)
    return JSON.parse(answer.body.toString('utf8')) as Record<string, string>
  }

  async function robot(...words: string[]): Promise<Machine> {
    const access = words.map((word) => {
      const [resource, action] = word.split(':')
      return { resource, action }
    })
    const made = await post(site.registry, '/robots', {
      name: uniqueName('ci'),
      level: 'project',
      duration: 1,
      permissions: [{ kind: 'project', namespace: site.project, access }],
    })
    return {
      username: made.name ?? '',
      password: made.secret ?? '',
      revoke: () => site.registry.delete(`/api/v2.0/robots/${made.id}`),
    }
  }

  async function accessToken(body: object): Promise<Machine> {
    const owner = people.as(people.maintainer)
    const made = await post(owner, '/users/current/tokens', { name: uniqueName('ci'), ...body })
    return {
      username: people.maintainer.username,
      password: made.token ?? '',
      revoke: () => owner.delete(`/api/v2.0/users/current/tokens/${made.id}`),
    }
  }

  const { projectOnServer } = site
  const writers: [string, () => Promise<Machine>][] = [
    ['a robot', () => robot('repository:push')],
    [
      'an access token',
      async () => accessToken({ preset: 'full', project_ids: [(await projectOnServer()).id] }),
    ],
  ]
  const readers: [string, () => Promise<Machine>][] = [
    ['a robot that may only pull', () => robot('repository:pull')],
    ['an access token that only reads', () => accessToken({ preset: 'read-only' })],
  ]

  test.each(writers)('%s logs in, pushes and pulls, until it is revoked', async (_what, make) => {
    const machine = await make()
    const name = `${site.project}/${uniqueName('app')}:v1`
    const entered = await login(machine)
    await podman.build(`${site.host}/${name}`)
    const pushed = await push(name)
    await podman.do('rmi', `${site.host}/${name}`)
    const pulled = await pull(name)

    expect(entered.stdout).toContain('Login Succeeded')
    expect(pushed.code, pushed.stderr).toBe(0)
    expect(pulled.code, pulled.stderr).toBe(0)
    expect((await machine.revoke()).status).toBe(200)
    expect((await pull(name)).code).not.toBe(0)
    expect((await push(name)).code).not.toBe(0)
    expect((await login(machine)).code).not.toBe(0)
  })

  test.each(readers)('%s pulls and does not push', async (_what, make) => {
    const name = `${site.project}/${uniqueName('app')}:v1`
    await login(people.maintainer)
    await podman.build(`${site.host}/${name}`)
    await push(name)

    await login(await make())
    const pulled = await pull(name)
    const pushed = await push(name)

    expect(pulled.code, pulled.stderr).toBe(0)
    expect(pushed.code).not.toBe(0)
  })
})
