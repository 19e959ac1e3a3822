import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createSemaphore } from './semaphore.ts'

describe('a semaphore', () => {
  it('never lets more tasks run than it has slots, and lets all of them run', async () => {
    const semaphore = createSemaphore(2, 100, () => new Error('full'))
    let running = 0
    let most = 0
    const task = async () => {
      running += 1
      most = Math.max(most, running)
      await sleep(1)
      running -= 1
      return running
    }

    const results = await Promise.all(Array.from({ length: 20 }, () => semaphore.run(task)))

    expect(results).toHaveLength(20)
    expect(most).toBe(2)
  })

  it('gives the slot of a task that fails to the next', async () => {
    const semaphore = createSemaphore(1, 100, () => new Error('full'))

    const failed = semaphore.run(() => Promise.reject(new Error('broken')))
    const next = semaphore.run(() => Promise.resolve('done'))

    await expect(failed).rejects.toThrow('broken')
    expect(await next).toBe('done')
    expect(await semaphore.run(() => Promise.resolve('again'))).toBe('again')
  })
})
