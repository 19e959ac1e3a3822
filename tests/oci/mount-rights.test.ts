import { beforeAll, expect, test } from 'vitest'
import { unknownDigest } from '../harness/content.ts'
import {
  addMember,
  createProject,
  createUser,
  openAsAdministrator,
  type Project,
} from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

let admin: Registry
let developer: Registry
let own: Project
let secret: Project
let open: Project

beforeAll(async () => {
  admin = openAsAdministrator(site.server)
  own = await createProject(site.server)
  secret = await createProject(site.server)
  open = await createProject(site.server, { public: true })
  const user = await createUser(site.server)
  await addMember(site.server, own, user, 'developer')
  developer = admin.as(user)
})

function mount(query: string) {
  return developer.send({ method: 'POST', path: `/v2/${own.name}/app/blobs/uploads/?${query}` })
}

test('a public project may be mounted from', async () => {
  const content = await openRepository(admin, `${open.name}/app`).pushBlob()

  const answer = await mount(`mount=${content.digest}&from=${open.name}/app`)

  expect(answer.status).toBe(201)
})

test('a project of which one is a member may be mounted from', async () => {
  const other = await createProject(site.server)
  const user = await createUser(site.server)
  await addMember(site.server, own, user, 'developer')
  await addMember(site.server, other, user, 'guest')
  const content = await openRepository(admin, `${other.name}/app`).pushBlob()

  const answer = await admin.as(user).send({
    method: 'POST',
    path: `/v2/${own.name}/app/blobs/uploads/?mount=${content.digest}&from=${other.name}/app`,
  })

  expect(answer.status).toBe(201)
})

test('a project that one may not read yields nothing, the same as one that does not exist', async () => {
  const content = await openRepository(admin, `${secret.name}/app`).pushBlob()

  const hidden = await mount(`mount=${content.digest}&from=${secret.name}/app`)
  const missing = await mount(`mount=${unknownDigest()}&from=no-such-project/app`)
  const pulled = await developer.head(`/v2/${own.name}/app/blobs/${content.digest}`)

  expect([202, 401, 403]).toContain(hidden.status)
  expect(hidden.status).toBe(missing.status)
  expect(pulled.status).toBe(404)
})

test('without a source nothing is found that one may not read', async () => {
  const content = await openRepository(admin, `${secret.name}/app`).pushBlob()

  const answer = await mount(`mount=${content.digest}`)
  const pulled = await developer.head(`/v2/${own.name}/app/blobs/${content.digest}`)

  expect(answer.status).toBe(202)
  expect(pulled.status).toBe(404)
})

test('without a source what is public is found', async () => {
  const content = await openRepository(admin, `${open.name}/app`).pushBlob()

  const answer = await mount(`mount=${content.digest}`)

  expect(answer.status).toBe(201)
})

test('a guest may not mount into his project', async () => {
  const guest = await createUser(site.server)
  await addMember(site.server, own, guest, 'guest')
  const content = await openRepository(admin, `${open.name}/app`).pushBlob()

  const answer = await admin.as(guest).send({
    method: 'POST',
    path: `/v2/${own.name}/app/blobs/uploads/?mount=${content.digest}&from=${open.name}/app`,
  })

  expect([401, 403]).toContain(answer.status)
})
