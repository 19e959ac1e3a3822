import { dirname } from 'node:path'
import { hasCode } from './fs-errors.ts'
import { DIRECTORY_MODE, FILE_MODE } from './modes.ts'

/** What putting an object needs of a filesystem. One that is asked and answers later will do, and one that lets its caller wait. */
export interface PutFiles {
  open(path: string, flags: 'r' | 'wx', mode?: number): Answer<PutFile>
  mkdir(path: string, mode: number): Answer<unknown>
  link(from: string, to: string): Answer<unknown>
  unlink(path: string): Answer<unknown>
}

export interface PutFile {
  writev(buffers: Uint8Array[], position: number): Answer<{ bytesWritten: number }>
  datasync(): Answer<unknown>
  sync(): Answer<unknown>
  close(): Answer<unknown>
}

type Answer<T> = T | Promise<T>

/** An object to be put: the name it is written under first, and its own. Both are absolute paths. */
export interface Put {
  temporary: string
  path: string
  bytes: Uint8Array
}

/** Yields what the filesystem answers, and is to be given what comes of it. */
type Steps<Result> = Generator<unknown, Result, unknown>

/**
 * Everything that puts an object where the directory above its own is there and durable, in the one order that a power cut cannot
 * harm: content, name, the directories that hold it. Answers false, and has placed nothing, where the name cannot be
 * given; why not is found out by whoever tries again at length (`placeFile`).
 */
export function* putSteps(files: PutFiles, { temporary, path, bytes }: Put): Steps<boolean> {
  const file = (yield files.open(temporary, 'wx', FILE_MODE)) as PutFile
  try {
    try {
      for (let at = 0; at < bytes.byteLength; ) {
        const written = (yield file.writev([bytes.subarray(at)], at)) as { bytesWritten: number }
        at += written.bytesWritten
      }
      yield file.datasync()
    } finally {
      yield file.close()
    }
    if (!(yield* give(files, temporary, path))) return false
    // The directory may be new; whoever made it may not have come to sync the one above.
    yield* syncSteps(files, dirname(path))
    yield* syncSteps(files, dirname(dirname(path)))
    return true
  } finally {
    try {
      yield files.unlink(temporary)
    } catch {
      // A name too many of a file that is stored, or the rest of a failure: neither is worth an error.
    }
  }
}

/** Runs steps on a filesystem that answers later. */
export async function runSteps<Result>(steps: Steps<Result>): Promise<Result> {
  let step = steps.next()
  while (!step.done) {
    try {
      const answer = await step.value
      step = steps.next(answer)
    } catch (error) {
      // What the steps do not bear themselves they throw again.
      step = steps.throw(error)
    }
  }
  return step.value
}

/** Runs steps on a filesystem that lets its caller wait. */
export function runStepsNow<Result>(steps: Steps<Result>): Result {
  let step = steps.next()
  while (!step.done) step = steps.next(step.value)
  return step.value
}

function* give(files: PutFiles, from: string, to: string): Steps<boolean> {
  try {
    yield files.mkdir(dirname(to), DIRECTORY_MODE)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) return false
  }
  try {
    yield files.link(from, to)
    return true
  } catch {
    return false
  }
}

function* syncSteps(files: PutFiles, path: string): Steps<void> {
  const directory = (yield files.open(path, 'r')) as PutFile
  try {
    yield directory.sync()
  } catch (error) {
    // As `syncDirectory` has it.
    if (!hasCode(error, 'EINVAL')) throw error
  } finally {
    yield directory.close()
  }
}
