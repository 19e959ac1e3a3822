import { describe, expect, test } from 'vitest'
import { blob, unknownDigest } from '../harness/content.ts'
import type { Answer } from '../harness/http.ts'
import { locationOf, withQuery } from '../harness/registry.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

function mount(target: Repository, query: Record<string, string>): Promise<Answer> {
  return site.registry.send({
    method: 'POST',
    path: withQuery(target.at('blobs/uploads/'), query),
  })
}

describe('a mount from a named repository', () => {
  test('answers 201 with the place of the blob, which is readable there', async () => {
    const source = site.newRepository()
    const content = await source.pushBlob(blob(4000))
    const target = site.newRepository()

    const answer = await mount(target, { mount: content.digest, from: source.name })
    const pulled = await site.registry.get(locationOf(answer))

    expect(answer.status).toBe(201)
    expect(answer.headers['docker-content-digest']).toBe(content.digest)
    expect(locationOf(answer)).toContain(`/v2/${target.name}/blobs/`)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('takes the name of the repository percent-encoded or plain', async () => {
    const source = site.newRepository()
    const content = await source.pushBlob()
    const target = site.newRepository()

    const answer = await site.registry.send({
      method: 'POST',
      path: target.at(`blobs/uploads/?mount=${content.digest}&from=${source.name}`),
    })

    expect(answer.status).toBe(201)
  })

  test('outlives the deletion of the blob at its source', async () => {
    const source = site.newRepository()
    const content = await source.pushBlob()
    const target = site.newRepository()
    await mount(target, { mount: content.digest, from: source.name })

    await site.registry.delete(source.at(`blobs/${content.digest}`))
    const answer = await site.registry.get(target.at(`blobs/${content.digest}`))

    expect(answer.body.equals(content.bytes)).toBe(true)
  })

  test('of a blob that is here already answers 201', async () => {
    const repository = site.newRepository()
    const content = await repository.pushBlob()

    const answer = await mount(repository, { mount: content.digest, from: repository.name })

    expect(answer.status).toBe(201)
  })

  test.each([
    ['a blob that is not there', () => unknownDigest(), (source: Repository) => source.name],
    ['a repository that is not there', () => unknownDigest(), () => site.newRepository().name],
    ['a project that is not there', () => unknownDigest(), () => 'no-such-project/repo'],
    ['a name that cannot be one', () => unknownDigest(), () => 'NOT//a/name'],
  ])('of %s begins an upload instead, which can be finished', async (_, digest, from) => {
    const source = site.newRepository()
    await source.pushBlob()
    const target = site.newRepository()
    const content = blob()

    const answer = await mount(target, { mount: digest(), from: from(source) })
    const closed = await site.registry.send({
      method: 'PUT',
      path: withQuery(locationOf(answer), { digest: content.digest }),
      body: content.bytes,
    })

    expect(answer.status).toBe(202)
    expect(closed.status).toBe(201)
  })

  test('of a blob that has been deleted there begins an upload instead', async () => {
    const source = site.newRepository()
    const content = await source.pushBlob()
    await site.registry.delete(source.at(`blobs/${content.digest}`))

    const answer = await mount(site.newRepository(), { mount: content.digest, from: source.name })

    expect(answer.status).toBe(202)
  })
})

describe('a mount from anywhere', () => {
  test('finds the blob by itself', async () => {
    const content = await site.newRepository().pushBlob()
    const target = site.newRepository()

    const answer = await mount(target, { mount: content.digest })
    const pulled = await site.registry.get(target.at(`blobs/${content.digest}`))

    expect(answer.status).toBe(201)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('of a blob that nobody has begins an upload instead', async () => {
    const answer = await mount(site.newRepository(), { mount: unknownDigest() })

    expect(answer.status).toBe(202)
    expect(locationOf(answer)).toContain('/blobs/uploads/')
  })
})

test.each(['nonsense', 'sha256:abc', ''])(
  'a mount of the digest %j is not an error of the server',
  async (digest) => {
    const answer = await mount(site.newRepository(), { mount: digest, from: site.newRepository().name })

    expect([202, 400]).toContain(answer.status)
  },
)
