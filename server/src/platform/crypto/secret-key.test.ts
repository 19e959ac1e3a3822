import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadSecretBox } from './secret-key.ts'

const plain = Buffer.from('the private key')
let dataDirectory: string

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'portolan-key-'))
})

afterEach(async () => {
  await rm(dataDirectory, { recursive: true })
})

test('the key is made once, for its owner alone', async () => {
  const first = await loadSecretBox({ dataDirectory })
  const second = await loadSecretBox({ dataDirectory })

  expect(second.open(first.seal(plain, 'a'), 'a')).toEqual(plain)
  expect((await stat(join(dataDirectory, 'secret.key'))).mode & 0o777).toBe(0o600)
})

test('several that start at once end up with one key and no other file', async () => {
  const boxes = await Promise.all([1, 2, 3].map(() => loadSecretBox({ dataDirectory })))

  const sealed = boxes.map((box) => box.seal(plain, 'a'))

  for (const box of boxes) for (const one of sealed) expect(box.open(one, 'a')).toEqual(plain)
  expect(await readdir(dataDirectory)).toEqual(['secret.key'])
})

test('a key from the configuration or from a file of its own leaves the data directory alone', async () => {
  const secretKey = Buffer.alloc(32, 7).toString('base64')
  const secretKeyFile = join(dataDirectory, 'mine')
  await writeFile(secretKeyFile, `${secretKey}\n`)

  const configured = await loadSecretBox({ dataDirectory, secretKey })
  const fromFile = await loadSecretBox({ dataDirectory, secretKeyFile })

  expect(fromFile.open(configured.seal(plain, 'a'), 'a')).toEqual(plain)
  expect(await readdir(dataDirectory)).toEqual(['mine'])
})

test('a file that holds no key is refused without showing it', async () => {
  await writeFile(join(dataDirectory, 'secret.key'), 'hunter22')

  const attempt = loadSecretBox({ dataDirectory })

  await expect(attempt).rejects.toThrow(`${dataDirectory}/secret.key: must hold 32 bytes in base64`)
  expect(await readFile(join(dataDirectory, 'secret.key'), 'utf8')).toBe('hunter22')
})
