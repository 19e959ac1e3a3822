import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createLifecycle } from './lifecycle.ts'

test('what was opened last is closed first, one after the other', async () => {
  const lifecycle = createLifecycle(pino({ level: 'silent' }))
  const closed: string[] = []
  for (const name of ['database', 'storage', 'requests']) {
    lifecycle.opened(name, async () => {
      closed.push(`${name} begins`)
      await Promise.resolve()
      closed.push(`${name} ends`)
    })
  }

  await lifecycle.close()

  expect(closed).toEqual([
    'requests begins',
    'requests ends',
    'storage begins',
    'storage ends',
    'database begins',
    'database ends',
  ])
})

test('one that does not close keeps no other open, and is logged', async () => {
  const lines: string[] = []
  const lifecycle = createLifecycle(pino({ level: 'error' }, { write: (line: string) => lines.push(line) }))
  let isClosed = false
  lifecycle.opened('database', () => {
    isClosed = true
  })
  lifecycle.opened('storage', () => Promise.reject(new Error('stuck')))

  await lifecycle.close()

  expect(isClosed).toBe(true)
  expect(lines.join()).toContain('stuck')
})

test('closing twice closes once', async () => {
  const lifecycle = createLifecycle(pino({ level: 'silent' }))
  let times = 0
  lifecycle.opened('database', () => {
    times += 1
  })

  await lifecycle.close()
  await lifecycle.close()

  expect(times).toBe(1)
})
