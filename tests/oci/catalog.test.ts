import { beforeAll, describe, expect, test } from 'vitest'
import { type Answer, json } from '../harness/http.ts'
import {
  addMember,
  createProject,
  createUser,
  openAsAdministrator,
  type Project,
} from '../harness/project.ts'
import { codesOf, nextOf, type Registry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

let admin: Registry
let own: Project
let secret: Project
let open: Project

beforeAll(async () => {
  admin = openAsAdministrator(site.server)
  own = await createProject(site.server, { name: 'own' })
  secret = await createProject(site.server, { name: 'secret' })
  open = await createProject(site.server, { name: 'open', public: true })
  for (const name of ['own/b', 'own/a', 'own/a-b', 'own/a/c', 'secret/x', 'secret/y', 'open/z']) {
    await openRepository(admin, name).pushImage('latest')
  }
})

const everything = ['open/z', 'own/a', 'own/a-b', 'own/a/c', 'own/b', 'secret/x', 'secret/y']

function repositoriesOf(answer: Answer): string[] {
  return (json(answer) as { repositories: string[] }).repositories
}

async function follow(registry: Registry, first: string): Promise<string[][]> {
  const pages: string[][] = []
  let path: string | undefined = first
  while (path !== undefined && pages.length < 50) {
    const answer = await registry.get(path)
    pages.push(repositoriesOf(answer))
    path = nextOf(answer)
  }
  return pages
}

describe('the catalog of an administrator', () => {
  test('has every repository', async () => {
    const answer = await admin.get('/v2/_catalog')

    expect(answer.status).toBe(200)
    expect(repositoriesOf(answer).toSorted()).toEqual(everything.toSorted())
    expect(nextOf(answer)).toBeUndefined()
  })

  test('is in the order of names', async () => {
    const answer = await admin.get('/v2/_catalog')

    expect(repositoriesOf(answer)).toEqual(everything)
  })

  test.each([1, 2, 3, 6])('is answered in pages of %i that link to each other', async (size) => {
    const pages = await follow(admin, `/v2/_catalog?n=${size}`)

    expect(pages.flat()).toEqual(everything)
    expect(pages.slice(0, -1).every((page) => page.length === size)).toBe(true)
  })

  test('goes on behind the last name that one has', async () => {
    const answer = await admin.get('/v2/_catalog?n=2&last=own/a-b')

    expect(repositoriesOf(answer)).toEqual(['own/a/c', 'own/b'])
  })

  test.each(['x', '-1'])('of n=%s is refused with 400', async (n) => {
    const answer = await admin.get(`/v2/_catalog?n=${n}`)

    expect(answer.status).toBe(400)
    expect(codesOf(answer)).toHaveLength(1)
  })

  test.each(['%00', '%ff', 'ä', "';--"])('behind %j is not an error of the server', async (last) => {
    const answer = await admin.get(
      `/v2/_catalog?last=${last.startsWith('%') ? last : encodeURIComponent(last)}`,
    )

    expect([200, 400]).toContain(answer.status)
  })
})

describe('the catalog of others', () => {
  test('never has what they may not see', async () => {
    const user = await createUser(site.server)
    await addMember(site.server, own, user, 'guest')

    const answer = await admin.as(user).get('/v2/_catalog')

    expect(answer.status).toBe(200)
    expect(repositoriesOf(answer)).toEqual(everything.filter((name) => !name.startsWith(secret.name)))
  })

  test('is paged over what they may see', async () => {
    const user = await createUser(site.server)
    await addMember(site.server, secret, user, 'developer')

    const pages = await follow(admin.as(user), '/v2/_catalog?n=1')

    expect(pages.flat()).toEqual([`${open.name}/z`, 'secret/x', 'secret/y'])
  })

  test('is not for somebody who has not logged in', async () => {
    const answer = await admin.as().get('/v2/_catalog')

    expect(answer.status).toBe(401)
  })
})
