import { beforeAll, describe, expect, test } from 'vitest'
import { json } from '../harness/http.ts'
import {
  addMember,
  createProject,
  createUser,
  openAsAdministrator,
  type Project,
  type User,
} from '../harness/project.ts'
import { codesOf, type Registry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()
let admin: Registry

beforeAll(() => {
  admin = openAsAdministrator(site.server)
})

function put(registry: Registry, from: string, body: object) {
  const [project = '', ...rest] = from.split('/')
  const name = encodeURIComponent(encodeURIComponent(rest.join('/')))
  return registry.send({
    method: 'PUT',
    path: `/api/v2.0/projects/${project}/repositories/${name}/name`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function usedBytes(project: Project): Promise<number> {
  const summary = json(await admin.get(`/api/v2.0/projects/${project.id}/summary`)) as {
    quota: { used: { storage: number } }
  }
  return summary.quota.used.storage
}

describe('a rename within the project', () => {
  test('leaves the old name good for pulls, not for pushes', async () => {
    const project = await createProject(site.server)
    const old = openRepository(admin, `${project.name}/old/app`)
    const now = openRepository(admin, `${project.name}/new`)
    const image = await old.pushImage('1')
    await old.pushReferrer(image.manifest)

    const answer = await put(admin, old.name, { name: 'new' })

    expect(answer.status).toBe(200)
    expect(answer.headers.location).toBe(`/api/v2.0/projects/${project.name}/repositories/new`)
    for (const repository of [old, now]) {
      expect((await admin.get(repository.at('manifests/1'))).body).toEqual(Buffer.from(image.manifest.bytes))
      expect((await admin.head(repository.at(`blobs/${image.config.digest}`))).status).toBe(200)
      expect(json(await admin.get(repository.at('tags/list')))).toMatchObject({ tags: ['1'] })
      const referrers = await admin.get(repository.at(`referrers/${image.manifest.digest}`))
      expect(json(referrers)).toMatchObject({ manifests: [{}] })
    }
    await expect(old.pushImage('2')).rejects.toThrow(/403.*former name/)
    const list = json(await admin.get(`/api/v2.0/projects/${project.name}/repositories`))
    expect(list).toMatchObject([{ name: now.name, artifact_count: 1 }])
  })

  test('gives the name free when its alias is dropped', async () => {
    const project = await createProject(site.server)
    const old = openRepository(admin, `${project.name}/old`)
    await old.pushImage('1')
    await put(admin, old.name, { name: 'new' })
    const aliases = `/api/v2.0/projects/${project.name}/repository-aliases`
    expect(json(await admin.get(aliases))).toMatchObject([{ name: 'old', repository: `${project.name}/new` }])
    expect((await admin.get(aliases)).headers['x-total-count']).toBe('1')
    expect(json(await admin.get(`${aliases}?page=2`))).toEqual([])

    expect((await admin.delete(`${aliases}/old`)).status).toBe(200)

    expect((await admin.delete(`${aliases}/old`)).status).toBe(404)
    expect((await admin.get(old.at('manifests/1'))).status).toBe(404)
    await old.pushImage('2')
    expect(json(await admin.get(old.at('tags/list')))).toMatchObject({ tags: ['2'] })
  })

  test('to a name that another repository has is refused', async () => {
    const project = await createProject(site.server)
    await openRepository(admin, `${project.name}/a`).pushImage('1')
    await openRepository(admin, `${project.name}/b`).pushImage('1')

    const answer = await put(admin, `${project.name}/a`, { name: 'b' })

    expect(answer.status).toBe(409)
    expect(codesOf(answer)).toEqual(['CONFLICT'])
    expect((await admin.get(`/v2/${project.name}/a/manifests/1`)).status).toBe(200)
  })

  test.each(['Upper', '../x', 'a//b', '-'])('to %j is refused', async (name) => {
    const project = await createProject(site.server)
    await openRepository(admin, `${project.name}/a`).pushImage('1')

    expect((await put(admin, `${project.name}/a`, { name })).status).toBe(400)
  })

  test('takes the alias of another repository', async () => {
    const project = await createProject(site.server)
    const first = await openRepository(admin, `${project.name}/app`).pushImage('1')
    await put(admin, `${project.name}/app`, { name: 'kept' })
    const second = await openRepository(admin, `${project.name}/other`).pushImage('1')

    await put(admin, `${project.name}/other`, { name: 'app' })

    const pulled = await admin.get(`/v2/${project.name}/app/manifests/1`)
    expect(pulled.headers['docker-content-digest']).toBe(second.manifest.digest)
    const kept = await admin.get(`/v2/${project.name}/kept/manifests/1`)
    expect(kept.headers['docker-content-digest']).toBe(first.manifest.digest)
  })
})

describe('a move to another project', () => {
  let from: Project
  let to: Project
  let mover: User
  let member: User
  let stranger: User

  beforeAll(async () => {
    from = await createProject(site.server, { public: true })
    to = await createProject(site.server)
    mover = await createUser(site.server)
    member = await createUser(site.server)
    stranger = await createUser(site.server)
    await addMember(site.server, from, mover, 'maintainer')
    await addMember(site.server, to, mover, 'developer')
    await addMember(site.server, from, member, 'guest')
    await addMember(site.server, to, member, 'guest')
  })

  test('takes artifacts and usage along, and shows nobody what he may not see', async () => {
    const old = openRepository(admin, `${from.name}/moving`)
    const image = await old.pushImage('1')
    const used = await usedBytes(from)
    expect(used).toBeGreaterThan(0)

    const answer = await put(admin.as(mover), old.name, { project_name: to.name })

    expect(answer.status).toBe(200)
    const now = openRepository(admin, `${to.name}/moving`)
    expect((await admin.get(now.at('manifests/1'))).body).toEqual(Buffer.from(image.manifest.bytes))
    expect(await usedBytes(from)).toBe(0)
    expect(await usedBytes(to)).toBe(used)
    // The old name lies in a public project, the repository in a private one now.
    expect((await admin.as(member).get(old.at('manifests/1'))).status).toBe(200)
    expect((await admin.as(stranger).get(old.at('manifests/1'))).status).toBe(404)
    expect((await admin.as(stranger).get(old.at(`blobs/${image.config.digest}`))).status).toBe(404)
    expect((await admin.as(stranger).get(old.at('tags/list'))).status).toBe(404)
    const aliases = `/api/v2.0/projects/${from.name}/repository-aliases`
    expect(json(await admin.as(member).get(aliases))).toMatchObject([{ repository: `${to.name}/moving` }])
  })

  test('needs deletion here and creation there', async () => {
    await openRepository(admin, `${from.name}/staying`).pushImage('1')

    expect((await put(admin.as(member), `${from.name}/staying`, { project_name: to.name })).status).toBe(403)
    const elsewhere = await createProject(site.server)
    const hidden = await put(admin.as(mover), `${from.name}/staying`, { project_name: elsewhere.name })
    const missing = await put(admin.as(mover), `${from.name}/staying`, { project_name: 'not-there' })
    expect([hidden.status, missing.status]).toEqual([403, 403])
    expect(codesOf(hidden)).toEqual(codesOf(missing))
    expect((await admin.get(`/v2/${from.name}/staying/manifests/1`)).status).toBe(200)
  })

  test('is refused where there is no room', async () => {
    const full = await createProject(site.server)
    const quotas = json(await admin.get(`/api/v2.0/quotas?reference=project&reference_id=${full.id}`)) as {
      id: number
    }[]
    const limited = await admin.send({
      method: 'PUT',
      path: `/api/v2.0/quotas/${quotas[0]?.id}`,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ hard: { storage: 100 } }),
    })
    expect(limited.status).toBe(200)
    await openRepository(admin, `${from.name}/big`).pushImage('1')
    const before = await usedBytes(from)

    const answer = await put(admin, `${from.name}/big`, { project_name: full.name })

    expect(answer.status).toBe(403)
    expect(await usedBytes(full)).toBe(0)
    expect(await usedBytes(from)).toBe(before)
    expect((await admin.get(`/v2/${from.name}/big/manifests/1`)).status).toBe(200)
  })
})
