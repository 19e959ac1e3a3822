import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  unlinkSync,
  writevSync,
} from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { type Put, type PutFiles, putSteps, runStepsNow } from './put-steps.ts'

/** Waits for each operation: that is what the thread is there for. */
const files: PutFiles = {
  open(path, flags, mode) {
    const fd = openSync(path, flags, mode)
    return {
      writev: (buffers, position) => ({ bytesWritten: writevSync(fd, buffers, position) }),
      datasync: () => fdatasyncSync(fd),
      sync: () => fsyncSync(fd),
      close: () => closeSync(fd),
    }
  },
  mkdir: (path, mode) => mkdirSync(path, mode),
  link: (from, to) => linkSync(from, to),
  unlink: (path) => unlinkSync(path),
}

parentPort?.on('message', (put: Put) => parentPort?.postMessage(answerTo(put)))
parentPort?.postMessage('ready')

/** Errors lose what they carry on their way to another thread, but for their message. */
function answerTo(put: Put) {
  try {
    return { placed: runStepsNow(putSteps(files, put)) }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    return { message, code }
  }
}
