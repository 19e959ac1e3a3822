import { buffer } from 'node:stream/consumers'
import type { Logger } from 'pino'
import type { StorageDriver } from '../storage/driver.ts'
import { taskLogKey, taskLogPrefix } from '../storage/paths.ts'

/** The log of one run of a task, written away in parts while it runs. */
export interface TaskLog {
  write(line: string): void
  /** Resolves once everything is kept. */
  close(): Promise<void>
}

const PART_BYTES = 256 * 1024
const FLUSH_MILLISECONDS = 1000
/** So many parts of a task's log are kept: the oldest go first. */
const MOST_PARTS = 40
const MOST_LISTED = 10_000

/**
 * Lines go to the store a second after they were written at the latest, so that any replica shows them while the task
 * runs. A store that fails costs lines, not the task.
 */
export function openTaskLog(
  deps: { storage: StorageDriver; log: Logger },
  task: { id: number; run: number },
): TaskLog {
  let lines: string[] = []
  let bytes = 0
  let part = 0
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (lines.length === 0) return
    const text = lines.join('')
    lines = []
    bytes = 0
    writing = writing.then(() => keep(text))
  }

  async function keep(text: string): Promise<void> {
    part += 1
    try {
      await deps.storage.put(taskLogKey(task.id, task.run, part), Buffer.from(text))
      if (part > MOST_PARTS) await deps.storage.delete(taskLogKey(task.id, task.run, part - MOST_PARTS))
    } catch (error) {
      deps.log.error({ err: error, task: task.id }, 'a part of the log of a task is lost')
    }
  }

  return {
    write(line) {
      const text = `${new Date().toISOString()} ${line.replaceAll('\n', '\n  ')}\n`
      lines.push(text)
      bytes += Buffer.byteLength(text)
      if (bytes >= PART_BYTES) flush()
      else timer ??= setTimeout(flush, FLUSH_MILLISECONDS)
    },
    async close() {
      flush()
      await writing
    },
  }
}

/** What a task has logged until now, at most the parts that are kept of it; undefined where it has logged nothing. */
export async function readTaskLog(storage: StorageDriver, taskId: number): Promise<string | undefined> {
  const keys = (await storage.list(taskLogPrefix(taskId), { limit: MOST_LISTED })).slice(-MOST_PARTS)
  const parts: Buffer[] = []
  for (const key of keys) parts.push(await buffer(await storage.read(key)))

  return parts.length === 0 ? undefined : Buffer.concat(parts).toString()
}

/** Takes the logs of tasks away that are gone. */
export async function deleteTaskLogs(storage: StorageDriver, taskIds: readonly number[]): Promise<void> {
  for (const id of taskIds) {
    for (const key of await storage.list(taskLogPrefix(id), { limit: MOST_LISTED })) await storage.delete(key)
  }
}
