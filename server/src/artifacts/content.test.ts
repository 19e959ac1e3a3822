import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { leastProcessorTimeOf } from '../lib/testing-time.ts'
import { type ContentDeps, repositoryContent } from './content.ts'

const BLOB = { mediaType: 'application/json', digest: `sha256:${'0'.repeat(64)}`, size: 1 }

async function read(body: string): Promise<unknown> {
  const deps = {
    findByName: async () => ({ size: body.length, key: 'k' }),
    storage: { read: async () => Readable.from([Buffer.from(body)]) },
  } as unknown as ContentDeps
  return await repositoryContent(deps, { projectId: 1, name: 'app' }).json(BLOB)
}

test('a config of one long text is read', async () => {
  expect(await read(JSON.stringify({ text: 'x,:[{'.repeat(500_000) }))).toHaveProperty('text')
})

test.each([
  ['of many fields', `{${Array.from({ length: 300_000 }, (_, at) => `"k${at}":1`)}}`],
  ['that is deep', `{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`],
])('a config %s is left unread', async (_what, body) => {
  const leaving = await leastProcessorTimeOf(async () => expect(await read(body)).toBeUndefined(), 3)
  const parsing = await leastProcessorTimeOf(() => JSON.parse(body), 3)

  expect(leaving).toBeLessThan(parsing / 3)
})

test('so is one that is no JSON', async () => {
  expect(await read('{')).toBeUndefined()
})
