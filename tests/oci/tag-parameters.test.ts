import { expect, test } from 'vitest'
import type { Content } from '../harness/content.ts'
import { IMAGE, unknownDigest } from '../harness/content.ts'
import type { Answer } from '../harness/http.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

function putWithTags(
  repository: Repository,
  manifest: Content,
  tags: string[],
  reference = manifest.digest,
): Promise<Answer> {
  const query = tags.map((tag) => `tag=${encodeURIComponent(tag)}`).join('&')
  return site.registry.send({
    method: 'PUT',
    path: repository.at(`manifests/${reference}?${query}`),
    headers: { 'Content-Type': IMAGE },
    body: manifest.bytes,
  })
}

function acceptedTags(answer: Answer): string[] {
  return [answer.headers['oci-tag'] ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .map((tag) => tag.trim())
}

async function digestOfTag(repository: Repository, tag: string): Promise<string | undefined> {
  const answer = await site.registry.head(repository.at(`manifests/${tag}`))
  return answer.status === 200 ? String(answer.headers['docker-content-digest']) : undefined
}

test('one PUT by digest creates all the tags it names and lists them', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage()
  const tags = ['1.2.3', '1.2', '1', 'latest']

  const answer = await putWithTags(repository, manifest, tags)

  expect(answer.status).toBe(201)
  expect(acceptedTags(answer).sort()).toEqual([...tags].sort())
  for (const tag of tags) {
    expect(await digestOfTag(repository, tag)).toBe(manifest.digest)
  }
})

test('ten tags are accepted at once', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage()
  const tags = Array.from({ length: 10 }, (_, at) => `tag-${at}`)

  const answer = await putWithTags(repository, manifest, tags)

  expect(answer.status).toBe(201)
  expect(acceptedTags(answer)).toHaveLength(10)
})

test('a tag named twice is created once', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage()

  const answer = await putWithTags(repository, manifest, ['one', 'one'])

  expect(answer.status).toBe(201)
  expect(acceptedTags(answer)).toEqual(['one'])
})

test('a tag that stands elsewhere moves here', async () => {
  const repository = site.newRepository()
  await repository.pushImage('latest')
  const { manifest } = await repository.pushImage()

  await putWithTags(repository, manifest, ['latest'])

  expect(await digestOfTag(repository, 'latest')).toBe(manifest.digest)
})

test('a tag of a sha512 manifest leads to its sha512 digest', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage(undefined, { algorithm: 'sha512' })

  const answer = await putWithTags(repository, manifest, ['strong'])

  expect(answer.status).toBe(201)
  expect(await digestOfTag(repository, 'strong')).toBe(manifest.digest)
})

test('one malformed tag makes the whole PUT fail, and no tag is created', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage()

  const answer = await putWithTags(repository, manifest, ['good', '-bad'])

  expect(answer.status).toBe(400)
  expect(await digestOfTag(repository, 'good')).toBeUndefined()
})

test('a wrong digest creates no tag', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage()

  const answer = await putWithTags(repository, manifest, ['good'], unknownDigest())

  expect(answer.status).toBe(400)
  expect(await digestOfTag(repository, 'good')).toBeUndefined()
})

test('far too many tags are either created or refused, not an error of the server', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage()
  const tags = Array.from({ length: 1500 }, (_, at) => `tag-${at}`)

  const answer = await putWithTags(repository, manifest, tags)

  expect([201, 400, 414, 431]).toContain(answer.status)
})
