import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { receiveStream } from '../syslog/testing.ts'
import { rotatingFile } from './rotating-file.ts'
import { syslogStream } from './syslog-stream.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portolan-log-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const content = (name: string) => readFileSync(join(directory, name), 'utf8')
const send = { findAddress: async (host: string) => host }
const delays = { batch: 10, longest: 50 }

test('a file is rotated by size, and no more files are kept than are wanted', () => {
  const file = rotatingFile({ path: join(directory, 'log'), mostBytes: 20, files: 3 })

  for (let number = 10; number < 20; number += 1) file.write(`line ${number}\n`)

  expect(readdirSync(directory).sort()).toEqual(['log', 'log.1', 'log.2'])
  expect(content('log')).toBe('line 18\nline 19\n')
  expect(content('log.1')).toBe('line 16\nline 17\n')
  expect(content('log.2')).toBe('line 14\nline 15\n')
})

test('a file that is there is gone on with, and an entry longer than a file is written whole', () => {
  const path = join(directory, 'log')
  rotatingFile({ path, mostBytes: 20, files: 2 }).write('before\n')

  rotatingFile({ path, mostBytes: 20, files: 2 }).write(`${'x'.repeat(30)}\n`)

  expect(content('log.1')).toBe('before\n')
  expect(content('log')).toBe(`${'x'.repeat(30)}\n`)
})

test('one file alone begins anew', () => {
  const file = rotatingFile({ path: join(directory, 'log'), mostBytes: 10, files: 1 })

  file.write('first\n')
  file.write('second\n')

  expect(readdirSync(directory)).toEqual(['log'])
  expect(content('log')).toBe('second\n')
})

test('a receiver that is away gets the entries in order when it is back, and the number of those dropped', async () => {
  const gone = await receiveStream()
  await gone.close()
  const stream = syslogStream({
    endpoint: { transport: 'tcp', host: '127.0.0.1', port: gone.port },
    send,
    delays,
    mostWaiting: 3,
  })

  for (let number = 0; number < 5; number += 1) stream.write(`{"level":"error","msg":"m${number}"}\n`)
  await stream.close()
  const back = await receiveStream({ port: gone.port })
  await stream.close()

  expect(back.messages).toEqual([
    expect.stringMatching(/^<28>1 \S+ \S+ portolan \d+ log - \{.*"2 entries of the log were dropped"\}$/),
    ...['m2', 'm3', 'm4'].map((name) =>
      expect.stringMatching(`^<27>1 .* - \\{"level":"error","msg":"${name}"\\}$`),
    ),
  ])
  await back.close()
})

test('entries go out by themselves', async () => {
  const receiver = await receiveStream()
  const stream = syslogStream({
    endpoint: { transport: 'tcp', host: '127.0.0.1', port: receiver.port },
    send,
    delays,
  })

  stream.write('{"level":"info","msg":"hello"}\n')

  await expect.poll(() => receiver.messages).toEqual([expect.stringMatching(/^<30>1 .*"hello"\}$/)])
  await stream.close()
  await receiver.close()
})
