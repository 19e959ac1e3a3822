import { beforeAll, describe, expect, test } from 'vitest'
import { type Answer, json } from '../harness/http.ts'
import { codesOf, nextOf } from '../harness/registry.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

const inOrder = ['1.0', '1.10', '1.2', 'A', 'B', 'Z', '_x', 'a', 'a-1', 'a.1', 'b', 'latest', 'v1', 'z']

let repository: Repository

beforeAll(async () => {
  repository = site.newRepository()
  const { manifest } = await repository.pushImage()
  for (const tag of inOrder.toReversed()) {
    await repository.pushManifest(manifest, tag)
  }
})

function list(query = ''): Promise<Answer> {
  return site.registry.get(repository.at(`tags/list${query}`))
}

function tagsOf(answer: Answer): unknown {
  const body = json(answer)
  return typeof body === 'object' && body !== null && 'tags' in body ? body.tags : undefined
}

async function follow(first: string): Promise<string[][]> {
  const pages: string[][] = []
  let path: string | undefined = repository.at(`tags/list${first}`)
  while (path !== undefined && pages.length < 50) {
    const answer = await site.registry.get(path)
    pages.push(tagsOf(answer) as string[])
    path = nextOf(answer)
  }
  return pages
}

test('the list names the repository and all its tags in the order of their bytes', async () => {
  const answer = await list()

  expect(answer.status).toBe(200)
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  expect(json(answer)).toEqual({ name: repository.name, tags: inOrder })
})

test('the whole list has no next page', async () => {
  const answer = await list()

  expect(answer.headers.link).toBeUndefined()
})

test('a repository without tags has an empty list', async () => {
  const bare = site.newRepository()
  await bare.pushImage()

  const answer = await site.registry.get(bare.at('tags/list'))

  expect(answer.status).toBe(200)
  expect(json(answer)).toEqual({ name: bare.name, tags: [] })
})

test('a repository that does not exist answers 404 NAME_UNKNOWN', async () => {
  const answer = await site.registry.get(site.newRepository().at('tags/list'))

  expect(answer.status).toBe(404)
  expect(codesOf(answer)).toEqual(['NAME_UNKNOWN'])
})

test('a tag pushed twice is listed once', async () => {
  const twice = site.newRepository()
  await twice.pushImage('v1')
  await twice.pushImage('v1')

  const answer = await site.registry.get(twice.at('tags/list'))

  expect(tagsOf(answer)).toEqual(['v1'])
})

describe('n', () => {
  test('limits the list to the first tags and links to the next', async () => {
    const answer = await list('?n=3')

    expect(tagsOf(answer)).toEqual(inOrder.slice(0, 3))
    expect(nextOf(answer)).toBeDefined()
  })

  test.each([1, 4, 5, 7, 13])('of %i leads through all pages by their links', async (size) => {
    const pages = await follow(`?n=${size}`)

    expect(pages.flat()).toEqual(inOrder)
    expect(pages.slice(0, -1).every((page) => page.length === size)).toBe(true)
  })

  test('of as many as there are has no next page', async () => {
    const answer = await list(`?n=${inOrder.length}`)

    expect(tagsOf(answer)).toEqual(inOrder)
    expect(answer.headers.link).toBeUndefined()
  })

  test.each([100, 1000, 10_000])('of %i answers all', async (size) => {
    const pages = await follow(`?n=${size}`)

    expect(pages.flat()).toEqual(inOrder)
  })

  test('of zero answers an empty list without a link', async () => {
    const answer = await list('?n=0')

    expect(answer.status).toBe(200)
    expect(tagsOf(answer)).toEqual([])
    expect(answer.headers.link).toBeUndefined()
  })

  test.each(['x', '-1', '1.5', '1e3', '0x10', ' 1', '', '99999999999999999999'])(
    'of %j is refused or passed over, not an error of the server',
    async (n) => {
      const answer = await list(`?n=${encodeURIComponent(n)}`)

      expect([200, 400]).toContain(answer.status)
    },
  )

  test.each(['x', '-1'])('of %j is refused with 400', async (n) => {
    const answer = await list(`?n=${n}`)

    expect(answer.status).toBe(400)
    expect(codesOf(answer)).toHaveLength(1)
  })
})

describe('last', () => {
  test('answers all tags behind it', async () => {
    const answer = await list('?last=_x')

    expect(tagsOf(answer)).toEqual(inOrder.slice(inOrder.indexOf('_x') + 1))
  })

  test('together with n answers so many behind it', async () => {
    const answer = await list('?n=2&last=A')

    expect(tagsOf(answer)).toEqual(['B', 'Z'])
  })

  test('need not be a tag that exists', async () => {
    const answer = await list('?n=2&last=C')

    expect(tagsOf(answer)).toEqual(['Z', '_x'])
  })

  test('behind which nothing comes answers an empty list', async () => {
    const answer = await list('?last=zz')

    expect(answer.status).toBe(200)
    expect(tagsOf(answer)).toEqual([])
    expect(answer.headers.link).toBeUndefined()
  })

  test('that is empty begins at the beginning', async () => {
    const answer = await list('?n=1&last=')

    expect(tagsOf(answer)).toEqual(['1.0'])
  })

  test.each(['%00', '%ff', 'ä', "'; DROP TABLE tags; --", '%', 'x'.repeat(5000)])(
    'of %j is not an error of the server',
    async (last) => {
      const answer = await list(`?last=${last.startsWith('%') ? last : encodeURIComponent(last)}`)

      expect([200, 400, 414]).toContain(answer.status)
    },
  )
})
