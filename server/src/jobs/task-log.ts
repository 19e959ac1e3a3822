import { buffer } from 'node:stream/consumers'
import type { Logger } from 'pino'
import type { StorageDriver } from '../storage/driver.ts'
import { taskLogKey, taskLogPrefix } from '../storage/paths.ts'
import type { LogTail } from './model.ts'

/** The log of one run of a task, written away in parts while it runs. */
export interface TaskLog {
  write(line: string): void
  /**
   * What is not in the store yet, and behind it lines that are true once a transaction commits, under their time of now;
   * `write` says them after the commit.
   */
  tail(lines?: readonly string[]): LogTail | undefined
  /** Resolves once everything is kept. */
  close(): Promise<void>
}

const PART_BYTES = 256 * 1024
const FLUSH_MILLISECONDS = 1000
/** A log that goes on for so many parts is written away less often. */
const MANY_PARTS = 100
const SLOW_FLUSH_MILLISECONDS = 10_000
/** So much of a task's log is kept: the oldest parts go first. */
const MOST_BYTES = 10 * 1024 * 1024
const MOST_PARTS = 5_000
const MOST_LISTED = 10_000

/**
 * Lines go to the store a second after they were written, later in long runs, so that any replica shows them while the task
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
  /** Handed to the store, which has not said that it has them. */
  const unstored = new Map<number, readonly string[]>()
  /** Sizes of the parts that are in the store, the oldest first. */
  const stored: { part: number; bytes: number }[] = []
  /** Lines that a transaction has kept, by what they say: said later, they are the same lines. */
  const kept = new Map<string, string>()

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (lines.length === 0) return
    part += 1
    const number = part
    unstored.set(number, lines)
    lines = []
    bytes = 0
    writing = writing.then(() => keep(number))
  }

  async function keep(number: number): Promise<void> {
    const text = Buffer.from((unstored.get(number) ?? []).join(''))
    try {
      await deps.storage.put(taskLogKey(task.id, task.run, number), text)
      stored.push({ part: number, bytes: text.length })
      await forgetOldest()
    } catch (error) {
      deps.log.error({ err: error, task: task.id }, 'a part of the log of a task is lost')
    }
    unstored.delete(number)
  }

  async function forgetOldest(): Promise<void> {
    let sum = stored.reduce((all, one) => all + one.bytes, 0)
    while (stored.length > 1 && (sum > MOST_BYTES || stored.length > MOST_PARTS)) {
      const oldest = stored.shift() as (typeof stored)[number]
      sum -= oldest.bytes
      await deps.storage.delete(taskLogKey(task.id, task.run, oldest.part))
    }
  }

  return {
    write(line) {
      const text = kept.get(line) ?? toText(line)
      kept.delete(line)
      lines.push(text)
      bytes += Buffer.byteLength(text)
      if (bytes >= PART_BYTES) flush()
      else timer ??= setTimeout(flush, part < MANY_PARTS ? FLUSH_MILLISECONDS : SLOW_FLUSH_MILLISECONDS)
    },
    tail(more = []) {
      // What an attempt of before that was rolled back has kept is not said.
      kept.clear()
      for (const line of more) kept.set(line, toText(line))
      const all = [...[...unstored.values()].flat(), ...lines, ...kept.values()]
      return all.length === 0 ? undefined : { run: task.run, lines: all }
    },
    async close() {
      flush()
      await writing
    },
  }
}

function toText(line: string): string {
  return `${new Date().toISOString()} ${line.replaceAll('\n', '\n  ')}\n`
}

/** Puts those lines into the store that a run has kept and not got there: its worker has died. */
export async function recoverTaskLog(storage: StorageDriver, taskId: number, tail: LogTail): Promise<void> {
  const prefix = taskLogKey(taskId, tail.run, 0).slice(0, -'000000'.length)
  const keys = (await listLog(storage, taskId)).filter((key) => key.startsWith(prefix))
  const newest = await readNewest(storage, keys)
  const missing = tail.lines.filter((line) => !newest.includes(line))
  if (missing.length === 0) return
  const last = Number(keys.at(-1)?.slice(prefix.length) ?? 0)
  await storage.put(taskLogKey(taskId, tail.run, last + 1), Buffer.from(missing.join('')))
}

/** What a task has logged until now, the newest of it at least; undefined where it has logged nothing. */
export async function readTaskLog(storage: StorageDriver, taskId: number): Promise<string | undefined> {
  const keys = await listLog(storage, taskId)

  return keys.length === 0 ? undefined : await readNewest(storage, keys)
}

async function readNewest(storage: StorageDriver, keys: readonly string[]): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for (const key of keys.toReversed()) {
    if (bytes >= MOST_BYTES) break
    const part = await buffer(await storage.read(key))
    parts.unshift(part)
    bytes += part.length
  }
  return Buffer.concat(parts).toString()
}

/** Takes the logs of tasks away that are gone. */
export async function deleteTaskLogs(storage: StorageDriver, taskIds: readonly number[]): Promise<void> {
  for (const id of taskIds) {
    for (const key of await listLog(storage, id)) await storage.delete(key)
  }
}

/** Keys of all parts, the oldest first. */
async function listLog(storage: StorageDriver, taskId: number): Promise<string[]> {
  const keys: string[] = []
  for (let found = MOST_LISTED; found === MOST_LISTED; ) {
    const after = keys.at(-1)
    const page = await storage.list(taskLogPrefix(taskId), {
      limit: MOST_LISTED,
      ...(after === undefined ? {} : { after }),
    })
    keys.push(...page)
    found = page.length
  }
  return keys
}
