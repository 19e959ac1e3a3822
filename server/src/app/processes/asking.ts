import type { Child } from './family.ts'
import type { Answers, Word } from './messages.ts'

/** Questions to processes, and their answers. */
export interface Asking {
  /** Undefined where there is no answer: it has ended, or has not answered for so many milliseconds. */
  ask<About extends keyof Answers>(
    child: Child,
    about: About,
    milliseconds: number,
  ): Promise<{ value: Answers[About] } | undefined>
  answered(word: Word & { word: 'answer' }): void
  /** That process will answer no more. */
  forget(pid: number): void
}

export function createAsking(): Asking {
  const waiting = new Map<number, { pid: number; done(value: { value: unknown } | undefined): void }>()
  let lastId = 0

  return {
    async ask(child, about, milliseconds) {
      lastId += 1
      const id = lastId
      const { promise, resolve } = Promise.withResolvers<{ value: unknown } | undefined>()
      const late = setTimeout(() => resolve(undefined), milliseconds)
      waiting.set(id, { pid: child.pid, done: resolve })
      child.send({ order: 'ask', id, about })
      try {
        return (await promise) as { value: Answers[typeof about] } | undefined
      } finally {
        clearTimeout(late)
        waiting.delete(id)
      }
    },
    answered: ({ id, value }) => waiting.get(id)?.done({ value }),
    forget(pid) {
      for (const question of waiting.values()) if (question.pid === pid) question.done(undefined)
    },
  }
}
