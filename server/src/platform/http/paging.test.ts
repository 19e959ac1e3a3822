import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { type PageQuery, sendTotal, toPage } from './paging.ts'

test.each([
  [
    { page: 1, page_size: 10 },
    { offset: 0, limit: 10 },
  ],
  [
    { page: 3, page_size: 25 },
    { offset: 50, limit: 25 },
  ],
  [
    { page: 0, page_size: 10 },
    { offset: 0, limit: 10 },
  ],
  [
    { page: 1, page_size: 0 },
    { offset: 0, limit: 100 },
  ],
  [
    { page: 2, page_size: -1 },
    { offset: 100, limit: 100 },
  ],
  [
    { page: 1e30, page_size: 100 },
    { offset: Number.MAX_SAFE_INTEGER, limit: 100 },
  ],
])('%j is %j', (query, page) => {
  expect(toPage(query)).toEqual(page)
})

/** Headers of a list of `total` elements that was asked for by `url`. */
async function headersOf(url: string, query: PageQuery, total: number) {
  const app = Fastify()
  app.get('/list', (request, reply) => {
    sendTotal(request, reply, query, total)
    return reply.send()
  })
  const { headers } = await app.inject(url)
  return { total: headers['x-total-count'], link: headers.link }
}

test('a page in the middle links to both neighbours and keeps the rest of the query as it was sent', async () => {
  const headers = await headersOf(
    '/list?q=name=~a%26b&page=2&page_size=1&sort=-name',
    { page: 2, page_size: 1 },
    4,
  )

  expect(headers).toEqual({
    total: '4',
    link:
      '</list?page=1&page_size=1&q=name=~a%26b&sort=-name>; rel="prev" , ' +
      '</list?page=3&page_size=1&q=name=~a%26b&sort=-name>; rel="next"',
  })
})

test('a list that fits on one page has no links', async () => {
  expect(await headersOf('/list', { page: 1, page_size: 10 }, 10)).toEqual({ total: '10', link: undefined })
})

test('a page behind the end has no links, as in Harbor', async () => {
  expect((await headersOf('/list', { page: 3, page_size: 2 }, 5)).link).toContain('page=2')
  expect((await headersOf('/list', { page: 3, page_size: 2 }, 4)).link).toBeUndefined()
})

test('page zero is followed by page one, as in Harbor', async () => {
  const { link } = await headersOf('/list?page=0', { page: 0, page_size: 10 }, 3)

  expect(link).toBe('</list?page=1&page_size=10>; rel="next"')
})

test('a size below one is told as the size it stands for', async () => {
  const { link } = await headersOf('/list?page_size=-1', { page: 1, page_size: -1 }, 101)

  expect(link).toBe('</list?page=2&page_size=100>; rel="next"')
})

test('nothing in the query can break out of the link', async () => {
  const { link } = await headersOf('/list?x=a>;b"', { page: 1, page_size: 1 }, 2)

  expect(link).toBe('</list?page=2&page_size=1&x=a%3E;b%22>; rel="next"')
})
