import { type ChildProcess, spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import type { Ended } from './family.ts'
import { createLaunch } from './launch.ts'
import type { Word } from './messages.ts'

/** What is heard of a process until it has ended, and how it ends. */
function lifeOf(start: () => ChildProcess): Promise<{ words: Word[]; how: Ended }> {
  const words: Word[] = []
  return new Promise((resolve) => {
    createLaunch(start)(
      (word) => words.push(word),
      (how) => resolve({ words, how }),
    )
  })
}

test.each([
  {
    how: 'at once',
    start: () => {
      throw Object.assign(new Error('spawn ENOMEM'), { code: 'ENOMEM' })
    },
    reason: 'ENOMEM',
  },
  { how: 'a moment later', start: () => spawn('/nowhere/at/all'), reason: 'ENOENT' },
])('one that the system refuses $how has ended, and nobody else', async ({ start, reason }) => {
  const { words, how } = await lifeOf(start)

  expect(words).toEqual([{ word: 'failed', line: `a process could not be started (${reason})`, exitCode: 1 }])
  expect(how).toEqual({ code: 1, signal: null })
})

test('what one says is heard, and how it ends', async () => {
  const program = "process.send({ word: 'leaving' }, () => process.exit(3))"
  const start = () =>
    spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })

  expect(await lifeOf(start)).toEqual({ words: [{ word: 'leaving' }], how: { code: 3, signal: null } })
})
