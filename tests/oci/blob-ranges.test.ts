import { beforeAll, describe, expect, test } from 'vitest'
import { blob, type Content } from '../harness/content.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()
const size = 2048

let repository: Repository
let pushed: Content

beforeAll(async () => {
  repository = site.newRepository()
  pushed = await repository.pushBlob(blob(size))
})

function getRange(range: string, headers: Record<string, string> = {}) {
  return site.registry.get(repository.at(`blobs/${pushed.digest}`), { Range: range, ...headers })
}

describe('ranges that can be satisfied', () => {
  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=0-99', 0, 99],
    ['bytes=500-1499', 500, 1499],
    ['bytes=500-', 500, size - 1],
    ['bytes=-500', size - 500, size - 1],
    ['bytes=-1', size - 1, size - 1],
    [`bytes=${size - 1}-`, size - 1, size - 1],
    ['bytes=0-', 0, size - 1],
  ])('%s answers 206 with exactly these bytes', async (range, first, last) => {
    const answer = await getRange(range)

    expect(answer.status).toBe(206)
    expect(answer.headers['content-range']).toBe(`bytes ${first}-${last}/${size}`)
    expect(answer.headers['content-length']).toBe(String(last - first + 1))
    expect(answer.body.equals(pushed.bytes.subarray(first, last + 1))).toBe(true)
  })

  test.each([
    ['bytes=2000-5000', 2000],
    [`bytes=-${size * 2}`, 0],
    ['bytes=10-99999999999999999999', 10],
  ])('%s, which reaches beyond the end, answers what there is', async (range, first) => {
    const answer = await getRange(range)

    expect(answer.status).toBe(206)
    expect(answer.headers['content-range']).toBe(`bytes ${first}-${size - 1}/${size}`)
    expect(answer.body.equals(pushed.bytes.subarray(first))).toBe(true)
  })

  test('the unit is not case-sensitive', async () => {
    const answer = await getRange('Bytes=0-9')

    expect(answer.status).toBe(206)
  })

  test('the pieces of a download that was cut come together again', async () => {
    const start = await getRange('bytes=0-999')
    const rest = await getRange('bytes=1000-')

    expect(Buffer.concat([start.body, rest.body]).equals(pushed.bytes)).toBe(true)
  })

  test('the digest in the answer is that of the whole blob', async () => {
    const answer = await getRange('bytes=0-9')

    expect(answer.headers['docker-content-digest']).toBe(pushed.digest)
  })
})

describe('ranges that cannot be satisfied', () => {
  test.each([`bytes=${size}-`, 'bytes=5000-10000', 'bytes=500-0', 'bytes=-0'])(
    '%s answers 416',
    async (range) => {
      const answer = await getRange(range)

      expect(answer.status).toBe(416)
      expect(answer.headers['content-range']).toBe(`bytes */${size}`)
    },
  )
})

describe('what is not one range of bytes is passed over', () => {
  test.each(['bytes=0-9,20-29', 'items=0-9', 'bytes=', 'bytes=-', 'bytes=a-b', 'bytes 0-9', 'nonsense'])(
    '%j answers the whole blob',
    async (range) => {
      const answer = await getRange(range)

      expect(answer.status).toBe(200)
      expect(answer.body.equals(pushed.bytes)).toBe(true)
    },
  )

  test('HEAD knows no ranges', async () => {
    const answer = await site.registry.head(repository.at(`blobs/${pushed.digest}`), { Range: 'bytes=0-9' })

    expect(answer.status).toBe(200)
    expect(answer.headers['content-length']).toBe(String(size))
  })

  test('a range of an empty blob is not an error of the server', async () => {
    const empty = await repository.pushBlob(blob(''))

    const answer = await site.registry.get(repository.at(`blobs/${empty.digest}`), { Range: 'bytes=0-0' })

    expect([200, 416]).toContain(answer.status)
    expect(answer.headers['content-range'] ?? 'bytes */0').toBe('bytes */0')
  })
})

describe('If-Range', () => {
  test('with the tag of this blob the range is answered', async () => {
    const answer = await getRange('bytes=0-9', { 'If-Range': `"${pushed.digest}"` })

    expect(answer.status).toBe(206)
  })

  test.each(['"another"', 'W/"weak"', 'Wed, 21 Oct 2015 07:28:00 GMT'])(
    'with %j, which does not name this blob, all of it is answered',
    async (validator) => {
      const answer = await getRange('bytes=0-9', { 'If-Range': validator })

      expect(answer.status).toBe(200)
      expect(answer.body.equals(pushed.bytes)).toBe(true)
    },
  )
})

describe('If-None-Match', () => {
  test.each([
    ['its own tag', (digest: string) => `"${digest}"`],
    ['its own tag, weak', (digest: string) => `W/"${digest}"`],
    ['its own tag among others', (digest: string) => `"other", "${digest}"`],
    ['any tag', () => '*'],
  ])('with %s answers 304 and no bytes', async (_, validator) => {
    const answer = await site.registry.get(repository.at(`blobs/${pushed.digest}`), {
      'If-None-Match': validator(pushed.digest),
    })

    expect(answer.status).toBe(304)
    expect(answer.headers.etag).toBe(`"${pushed.digest}"`)
    expect(answer.body).toHaveLength(0)
  })

  test('with another tag answers the blob', async () => {
    const answer = await site.registry.get(repository.at(`blobs/${pushed.digest}`), {
      'If-None-Match': '"other"',
    })

    expect(answer.status).toBe(200)
  })

  test('counts before a range', async () => {
    const answer = await getRange('bytes=0-9', { 'If-None-Match': `"${pushed.digest}"` })

    expect(answer.status).toBe(304)
  })

  test('holds for HEAD as well', async () => {
    const answer = await site.registry.head(repository.at(`blobs/${pushed.digest}`), {
      'If-None-Match': `"${pushed.digest}"`,
    })

    expect(answer.status).toBe(304)
  })
})
