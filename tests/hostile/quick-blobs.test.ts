import { truncate } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { blob, type Content } from '../harness/content.ts'
import { eventually, heldBy } from '../harness/process.ts'
import { fetchToken } from '../harness/registry.ts'
import type { Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'
import { openWire, requestHead } from '../harness/wire.ts'

/** Blobs for whoever comes again with his token: they are answered in front of everything else. */

const site = useSite()
const KIB = 1024
const CLIENTS = 20

let repository: Repository
let headers: Record<string, string>

beforeAll(async () => {
  repository = site.newRepository()
  await repository.pushBlob()
  const path = repository.at('tags/list')
  const challenge = await site.registry.as().get(path)
  const token = await fetchToken(site.registry, String(challenge.headers['www-authenticate']))
  await site.registry.as({ token }).get(path)
  headers = { Authorization: `Bearer ${token}` }
})

const head = (content: Content, more: Record<string, string> = {}, method = 'GET') =>
  requestHead(method, repository.at(`blobs/${content.digest}`), { ...headers, ...more })

const storage = (...parts: string[]) => path.join(site.server.dataDirectory, 'storage', ...parts)

async function openObjects(): Promise<string[]> {
  const { files } = await heldBy(site.server.pid)
  return files.filter((file) => file.startsWith(storage()))
}

test.each([60 * KIB, 200 * KIB, 8 * KIB * KIB])(
  'clients that vanish at any moment of a download of %i bytes leave no file open',
  async (size) => {
    const content = await repository.pushBlob(blob(size))

    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, at) => {
        const wire = await openWire(site.registry.url, at % 2 === 0)
        // Those that ask for it more than once have answers that never had their turn.
        await wire.write(head(content).repeat(1 + (at % 4) * 5))
        if (at % 2 === 0) await wire.status()
        else await wait(at % 7)
        wire.close()
      }),
    )

    expect(await eventually(async () => (await openObjects()).length === 0)).toBe(true)
    expect(site.server.log()).not.toMatch(/"level":"(error|fatal)"|unhandled/i)
  },
)

test('many requests in one go are answered in their order, each whole', async () => {
  const sizes = [300 * KIB, 100, 60 * KIB, 0, 2 * KIB * KIB, 200 * KIB, 16 * KIB]
  const contents = await Promise.all(sizes.map((size) => repository.pushBlob(blob(size))))
  const wire = await openWire(site.registry.url, false)
  const parts: Buffer[] = []
  wire.socket.on('data', (chunk: Buffer) => parts.push(chunk))
  const heads = contents.flatMap((content) => [head(content, {}, 'HEAD'), head(content)])

  await wire.write([...heads, head(contents[0] as Content, { Connection: 'close' }, 'HEAD')].join(''))
  await new Promise((resolve) => wire.socket.once('close', resolve))

  let rest = Buffer.concat(parts)
  const take = (length: number) => {
    const taken = rest.subarray(0, length)
    rest = rest.subarray(length)
    return taken
  }
  for (const { digest, bytes } of contents) {
    for (const length of [0, bytes.length]) {
      const answer = take(rest.indexOf('\r\n\r\n') + 4).toString('latin1')
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(answer).toContain(`docker-content-digest: ${digest}\r\n`)
      expect(take(length).equals(bytes.subarray(0, length))).toBe(true)
    }
  }
  expect(rest.toString('latin1')).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\n$/s)
})

test.each(['HEAD', 'GET'])('a blob that %s says is there is safe for another while', async (method) => {
  const content = await repository.pushBlob(blob(1000))
  const target = repository.at(`blobs/${content.digest}`)
  const database = new pg.Client({
    host: path.join(site.server.dataDirectory, 'postgres'),
    user: 'portolan',
    database: 'postgres',
  })
  await database.connect()
  // The quick way remembers its bytes; then more than half of the grace has passed, which is a day.
  expect((await site.registry.send({ method: 'GET', path: target, headers })).status).toBe(200)
  await database.query(`UPDATE blobs SET offer_time = now() - interval '13 hours' WHERE digest = $1`, [
    content.digest,
  ])

  const answer = await site.registry.send({ method, path: target, headers })

  const { rows } = await database.query(
    'SELECT extract(epoch FROM now() - offer_time)::int AS age FROM blobs WHERE digest = $1',
    [content.digest],
  )
  await database.end()
  expect(answer.status).toBe(200)
  expect(rows[0]?.age).toBeLessThan(3600)
})

test('a download that breaks off is told with the id of its request', async () => {
  const content = await repository.pushBlob(blob(1024 * KIB))
  const encoded = content.digest.slice('sha256:'.length)
  const file = storage('docker/registry/v2/blobs/sha256', encoded.slice(0, 2), encoded, 'data')
  await truncate(file, 700 * KIB)

  const wire = await openWire(site.registry.url)
  await wire.write(head(content, { 'X-Request-Id': 'told-by-a-proxy' }))
  await new Promise((resolve) => wire.socket.once('close', resolve))

  const told = site.server
    .log()
    .split('\n')
    .filter((line) => line.includes('a download broke off'))
  expect(told.map((line) => JSON.parse(line))).toMatchObject([
    { reqId: 'told-by-a-proxy', digest: content.digest },
  ])
})
