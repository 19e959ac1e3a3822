import { Readable } from 'node:stream'
import type { StorageDriver } from '../storage/driver.ts'
import { taskListKey, taskListPrefix } from '../storage/paths.ts'

/** What a run of a task has to list in full, however long it is: one JSON object a line, in the store. */
export interface TaskList {
  /** Rejects where the store refuses: a list with a gap is none. */
  add(entries: readonly object[]): Promise<void>
  /** Resolves once everything is kept. */
  close(): Promise<void>
}

const PART_BYTES = 1024 * 1024
const MOST_LISTED = 1_000

/** Opens the list of a run. A run that goes on after a crash begins its list anew, and only its own is read. */
export function openTaskList(storage: StorageDriver, task: { id: number; run: number }): TaskList {
  let lines: string[] = []
  let bytes = 0
  let part = 0

  async function flush(): Promise<void> {
    if (lines.length === 0) return
    part += 1
    await storage.put(taskListKey(task.id, task.run, part), Buffer.from(lines.join('')))
    lines = []
    bytes = 0
  }

  return {
    async add(entries) {
      for (const entry of entries) {
        const line = `${JSON.stringify(entry)}\n`
        lines.push(line)
        bytes += Buffer.byteLength(line)
        if (bytes >= PART_BYTES) await flush()
      }
    },
    close: flush,
  }
}

/** The list of the last run of a task, part by part: never whole in memory. Empty where it has listed nothing. */
export function readTaskList(storage: StorageDriver, task: { id: number; run: number }): Readable {
  async function* parts() {
    for (let after = ''; ; ) {
      const page = await storage.list(taskListPrefix(task.id), {
        ...(after !== '' && { after }),
        limit: MOST_LISTED,
      })
      for (const key of page) {
        if (key >= taskListKey(task.id, task.run, 0) && key < taskListKey(task.id, task.run + 1, 0)) {
          yield* await storage.read(key)
        }
      }
      after = page.at(-1) ?? after
      if (page.length < MOST_LISTED) return
    }
  }

  return Readable.from(parts(), { objectMode: false })
}

/** Takes the lists of tasks away that are gone. */
export async function deleteTaskLists(storage: StorageDriver, taskIds: readonly number[]): Promise<void> {
  for (const id of taskIds) {
    for (let found = MOST_LISTED; found === MOST_LISTED; ) {
      const keys = await storage.list(taskListPrefix(id), { limit: MOST_LISTED })
      for (const key of keys) await storage.delete(key)
      found = keys.length
    }
  }
}
