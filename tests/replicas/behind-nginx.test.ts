import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blob, config, descriptorOf, image, layer } from '../harness/content.ts'
import { useEngine } from '../harness/engine.ts'
import { useHome } from '../harness/home.ts'
import { type Answer, json } from '../harness/http.ts'
import { layersInLayout } from '../harness/layers.ts'
import { writeLayout } from '../harness/layout.ts'
import { createProject, createUser, type Project, uniqueName } from '../harness/project.ts'
import { locationOf, type Registry, withQuery } from '../harness/registry.ts'
import { type Replicas, startReplicas } from '../harness/replicas.ts'
import { openRepository, type Repository } from '../harness/repository.ts'
import type { RunningServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('nginx', 'skopeo', 'podman')
/** How often a tag is moved; `PORTOLAN_TAG_MOVES` makes it more. */
const moves = Number(process.env.PORTOLAN_TAG_MOVES ?? 200)

describeWith('three servers behind nginx, in turn', tools, (files) => {
  const home = useHome()
  const podman = useEngine(home, files.podman)
  let replicas: Replicas
  let project: Project
  let anywhere: Registry

  beforeAll(async () => {
    replicas = await startReplicas(files.nginx, 3)
    project = await createProject(replicas.servers[0] as RunningServer)
    anywhere = replicas.anywhere
  })
  afterAll(() => replicas?.dispose())

  const newName = () => `${project.name}/${uniqueName('app')}`
  const host = () => new URL(replicas.proxy.url).host
  const password = () => replicas.servers[0]?.adminPassword ?? ''
  /** The same repository at each server. */
  const everywhere = (name = newName()) => replicas.each.map((one) => openRepository(one, name))
  /** The same of each of them at once. */
  const ask = (repositories: Repository[], what: string): Promise<Answer[]> =>
    Promise.all(repositories.map(({ registry, at }) => registry.get(at(what))))
  const statuses = (answers: Answer[]) => answers.map(({ status }) => status)
  const api = (registry: Registry, method: string, to: string, body?: object) =>
    registry.send({
      method,
      path: `/api/v2.0${to}`,
      ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    })

  test('skopeo pushes an image and pulls it back without a changed byte', async () => {
    const name = newName()
    const { directory, layers } = await writeLayout(await home.at(uniqueName('layout')), ['amd64', 'arm64'])
    const back = path.join(await home.at(uniqueName('back')), 'layout')
    const as = (side: string) => [`--${side}-tls-verify=false`, `--${side}-creds=admin:${password()}`]

    await home.do(
      files.skopeo,
      'copy',
      '--all',
      ...as('dest'),
      `oci:${directory}:latest`,
      `docker://${host()}/${name}:v1`,
    )
    await home.do(
      files.skopeo,
      'copy',
      '--all',
      ...as('src'),
      `docker://${host()}/${name}:v1`,
      `oci:${back}:latest`,
    )

    expect(await layersInLayout(back)).toEqual(layers)
  })

  test('podman logs in, pushes what it has built, and pulls it back', async () => {
    const name = `${host()}/${newName()}:v1`
    await podman.do('login', '--tls-verify=false', '-u', 'admin', '-p', password(), host())
    await podman.build(name)
    const built = await podman.storedLayers(name)

    await podman.do('push', '--tls-verify=false', name)
    await podman.do('rmi', name)
    await podman.do('pull', '--tls-verify=false', name)

    expect(Buffer.concat(await podman.storedLayers(name)).equals(Buffer.concat(built))).toBe(true)
  })

  test('the chunks of a blob, and questions how far it is, go to all of them', async () => {
    const repository = openRepository(anywhere, newName())
    const content = blob(1_000_000)
    const size = 100_000
    let location = await repository.startUpload()
    const ranges: (string | undefined)[] = []
    for (let at = 0; at < content.bytes.length; at += size) {
      const chunk = await anywhere.send({
        method: 'PATCH',
        path: location,
        headers: { 'Content-Range': `${at}-${at + size - 1}` },
        body: content.bytes.subarray(at, at + size),
      })
      const state = await anywhere.get(locationOf(chunk))
      ranges.push(state.headers.range)
      location = locationOf(state)
    }
    const closed = await anywhere.send({
      method: 'PUT',
      path: withQuery(location, { digest: content.digest }),
    })
    const answers = await ask(everywhere(repository.name), `blobs/${content.digest}`)

    expect(ranges).toEqual(ranges.map((_, at) => `0-${(at + 1) * size - 1}`))
    expect(closed.status).toBe(201)
    expect(answers.every(({ body }) => body.equals(content.bytes))).toBe(true)
  })

  test(`after a tag was moved at one, nobody anywhere sees where it was: ${moves} times`, {
    timeout: 60_000 + moves * 1000,
  }, async () => {
    const LANES = 4
    const stale: string[] = []
    let moved = 0
    await Promise.all(
      Array.from({ length: LANES }, async (_, lane) => {
        const repositories = everywhere()
        const [first] = repositories as [Repository]
        const parts = [config(), layer()]
        for (const part of parts) await first.pushBlob(part)
        const [configuration, only] = parts.map(descriptorOf)
        if (!configuration || !only) throw new Error('an image has two parts')
        while (moved < moves) {
          moved += 1
          const turn = moved + lane
          const writer = repositories[turn % repositories.length] as Repository
          const manifest = image({
            config: configuration,
            layers: [only],
            annotations: { at: `${lane}-${moved}` },
          })
          await writer.pushManifest(manifest, 'latest')
          for (const { headers } of await ask(repositories, 'manifests/latest')) {
            const seen = String(headers['docker-content-digest'])
            if (seen !== manifest.digest) stale.push(`${seen} instead of ${manifest.digest}`)
          }
        }
      }),
    )

    expect(stale).toEqual([])
    expect(moved).toBeGreaterThanOrEqual(moves)
  })

  test('what one has taken is at once in the lists of all, and what one has deleted in none', async () => {
    for (let round = 0; round < 6; round += 1) {
      const repositories = everywhere()
      const at = (turn: number) => repositories[(round + turn) % 3] as Repository
      const pushed = await at(0).pushImage('v1')
      const referrer = await at(1).pushReferrer(pushed.manifest)
      const { digest } = pushed.manifest

      const blobs = await Promise.all(
        repositories.map((one) => one.registry.head(one.at(`blobs/${pushed.layers[0]?.digest}`))),
      )
      const tags = await ask(repositories, 'tags/list')
      const referrers = await ask(repositories, `referrers/${digest}`)
      const deleted = await at(2).registry.delete(at(2).at(`manifests/${digest}`))
      const gone = await Promise.all(
        [`manifests/${digest}`, 'manifests/v1', 'tags/list'].map((what) => ask(repositories, what)),
      )

      expect(statuses(blobs)).toEqual([200, 200, 200])
      expect(tags.map((answer) => json(answer))).toEqual(
        tags.map(() => expect.objectContaining({ tags: ['v1'] })),
      )
      expect(referrers.map((answer) => json(answer))).toEqual(
        referrers.map(() =>
          expect.objectContaining({ manifests: [expect.objectContaining({ digest: referrer.digest })] }),
        ),
      )
      expect(deleted.status).toBe(202)
      expect(gone.slice(0, 2).map(statuses)).toEqual([
        [404, 404, 404],
        [404, 404, 404],
      ])
      expect(gone[2]?.map((answer) => json(answer))).toEqual(
        [1, 2, 3].map(() => expect.objectContaining({ tags: [] })),
      )
    }
  })

  test('a new name holds everywhere at once, and the former one still leads there', async () => {
    const repositories = everywhere()
    const [first, second] = repositories as [Repository, Repository]
    const { manifest } = await first.pushImage('v1')
    await ask(repositories, 'manifests/v1')
    const [, short = ''] = first.name.split('/')

    const renamed = await api(
      second.registry,
      'PUT',
      `/projects/${project.name}/repositories/${short}/name`,
      {
        name: `${short}-new`,
        project_name: project.name,
      },
    )
    const byNew = await ask(everywhere(`${first.name}-new`), 'manifests/v1')
    const byOld = await ask(repositories, 'manifests/v1')

    expect(renamed.status).toBe(200)
    for (const answer of [...byNew, ...byOld]) expect(answer.body.equals(manifest.bytes)).toBe(true)
  })

  test('rights that were taken at one count nowhere any more, with tokens of before too', async () => {
    const repositories = everywhere()
    const [first] = repositories as [Repository]
    await first.pushImage('v1')
    const server = replicas.servers[0] as RunningServer
    const user = await createUser(server)
    const [one, two, three] = replicas.each as [Registry, Registry, Registry]
    const added = await api(one, 'POST', `/projects/${project.name}/members`, {
      role_id: 3,
      member_user: { username: user.username },
    })
    const scope = encodeURIComponent(`repository:${first.name}:pull`)
    const issued = json(await two.as(user).get(`/service/token?service=harbor-registry&scope=${scope}`)) as {
      token: string
    }
    const asHim = () =>
      Promise.all(
        repositories.map(({ registry, at }) => registry.as({ token: issued.token }).get(at('manifests/v1'))),
      )
    const before = await asHim()

    const taken = await api(
      three,
      'DELETE',
      new URL(locationOf(added), 'http://h').pathname.slice('/api/v2.0'.length),
    )
    const after = await asHim()

    expect(statuses(before)).toEqual([200, 200, 200])
    expect(taken.status).toBe(200)
    expect(statuses(after).every((status) => status === 401 || status === 403)).toBe(true)
  })

  test('a token of somebody who is no more is refused everywhere within the time that is documented', async () => {
    const repositories = everywhere()
    const [first] = repositories as [Repository]
    await first.pushImage('v1')
    const server = replicas.servers[0] as RunningServer
    const user = await createUser(server)
    const [one, two, three] = replicas.each as [Registry, Registry, Registry]
    await api(one, 'POST', `/projects/${project.name}/members`, {
      role_id: 3,
      member_user: { username: user.username },
    })
    const scope = encodeURIComponent(`repository:${first.name}:pull`)
    const issued = json(await two.as(user).get(`/service/token?service=harbor-registry&scope=${scope}`)) as {
      token: string
    }
    const asHim = async () =>
      statuses(
        await Promise.all(
          repositories.map(({ registry, at }) =>
            registry.as({ token: issued.token }).get(at('manifests/v1')),
          ),
        ),
      )
    const before = await asHim()
    const found = json(await api(three, 'GET', `/users/search?username=${user.username}`)) as {
      user_id: number
    }[]

    const deleted = await api(three, 'DELETE', `/users/${found[0]?.user_id}`)
    const there = await three
      .as({ token: issued.token })
      .get((repositories[2] as Repository).at('manifests/v1'))
    const login = await two.as(user).get('/service/token?service=harbor-registry')
    // docs/guides/operate.md: at once where it was taken, 5 s elsewhere.
    await new Promise((resolve) => setTimeout(resolve, 5100))

    expect(before).toEqual([200, 200, 200])
    expect(deleted.status).toBe(200)
    expect(there.status).toBe(401)
    expect(login.status).toBe(401)
    expect(await asHim()).toEqual([401, 401, 401])
  })

  test('a quota holds for all of them together, and to the byte', async () => {
    const small = await createProject(replicas.servers[0] as RunningServer)
    const [one] = replicas.each as [Registry]
    const quotas = json(await api(one, 'GET', `/quotas?reference=project&reference_id=${small.id}`)) as {
      id: number
    }[]
    const size = 10_000
    const limit = 7 * size + 500
    await api(one, 'PUT', `/quotas/${quotas[0]?.id}`, { hard: { storage: limit } })

    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, at) => {
        const repository = openRepository(replicas.each[at % 3] as Registry, `${small.name}/app-${at % 5}`)
        return repository.pushBlob(blob(size)).then(
          () => 'taken',
          (error: Error) => (error.message.includes('403') ? 'refused' : error.message),
        )
      }),
    )
    const used = await Promise.all(
      replicas.each.map(async (registry) => {
        const summary = json(await api(registry, 'GET', `/projects/${small.name}/summary`)) as {
          quota: { used: { storage: number } }
        }
        return summary.quota.used.storage
      }),
    )

    expect(outcomes.filter((outcome) => outcome === 'taken')).toHaveLength(7)
    expect(outcomes.filter((outcome) => outcome === 'refused')).toHaveLength(23)
    expect(used).toEqual([7 * size, 7 * size, 7 * size])
  })

  test('who logs in to one is logged in everywhere', async () => {
    const user = await createUser(replicas.servers[0] as RunningServer)
    const cookies = new Map<string, string>()
    const visit = async (registry: Registry, method: string, to: string, headers = {}, body = '') => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await registry.as().send({ method, path: to, headers: { cookie, ...headers }, body })
      for (const line of answer.headers['set-cookie'] ?? []) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
      }
      return answer
    }
    await visit(anywhere, 'GET', '/api/v2.0/systeminfo')
    const page = await visit(anywhere, 'GET', '/api/v2.0/systeminfo')
    const form = new URLSearchParams({ principal: user.username, password: user.password })
    const login = await visit(
      anywhere,
      'POST',
      '/c/login',
      {
        'content-type': 'application/x-www-form-urlencoded',
        'x-harbor-csrf-token': String(page.headers['x-harbor-csrf-token']),
      },
      form.toString(),
    )

    const seen = []
    for (const _ of replicas.each) seen.push((await visit(anywhere, 'GET', '/api/v2.0/users/current')).status)

    expect(login.status).toBe(200)
    expect(seen).toEqual([200, 200, 200])
  })
})
