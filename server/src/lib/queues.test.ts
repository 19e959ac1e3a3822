import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createQueues } from './queues.ts'

test('tasks of one key run one behind the other, whatever becomes of them; others need not wait', async () => {
  const queues = createQueues()
  const seen: string[] = []
  const task =
    (name: string, fails = false) =>
    async () => {
      seen.push(`${name} begins`)
      await setTimeout(2)
      seen.push(`${name} ends`)
      if (fails) throw new Error(name)
      return name
    }

  const answers = await Promise.allSettled([
    queues('a', task('first', true)),
    queues('a', task('second')),
    queues('b', task('other')),
    queues('a', task('third')),
  ])

  expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : 'failed'))).toEqual([
    'failed',
    'second',
    'other',
    'third',
  ])
  expect(seen.filter((step) => !step.startsWith('other'))).toEqual([
    'first begins',
    'first ends',
    'second begins',
    'second ends',
    'third begins',
    'third ends',
  ])
  expect(seen.indexOf('other begins')).toBeLessThan(seen.indexOf('first ends'))
})

test('a key that is free again begins at once', async () => {
  const queues = createQueues()
  await queues('a', async () => 1)
  let begun = false
  const again = queues('a', async () => {
    begun = true
  })
  expect(begun).toBe(true)
  await again
})
