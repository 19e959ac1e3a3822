import { type ChildProcess, fork } from 'node:child_process'
import { ignore } from '../../lib/ignore.ts'
import type { Launch } from './family.ts'
import type { Word } from './messages.ts'

/** The command of `main.ts` that such a process runs. */
const COMMAND = 'serve-process'

/** Starts processes of this same program, with a line to each. They write to our standard output. */
export function createLaunch(start: () => ChildProcess = startOne): Launch {
  return (hear, ended) => {
    const child = attempt(start)
    if (child instanceof Error || child.pid === undefined) {
      whyNot(child, (reason) => {
        hear({ word: 'failed', line: `a process could not be started (${reason})`, exitCode: 1 })
        ended({ code: 1, signal: null })
      })
      return { pid: 0, send: ignore, kill: ignore }
    }
    // It has gone, and its end is told as well.
    child.on('error', ignore)
    child.on('message', (word: Word) => hear(word))
    child.once('exit', (code, signal) => ended({ code, signal }))

    return {
      pid: child.pid,
      send(order, connection) {
        if (child.connected) child.send(order, connection, { keepOpen: true }, ignore)
      },
      kill() {
        child.kill('SIGKILL')
      },
    }
  }
}

function startOne(): ChildProcess {
  return fork(process.argv[1] ?? '', [COMMAND], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

/** What the system refuses, for want of memory say, is no reason to end the processes that are there. */
function attempt(start: () => ChildProcess): ChildProcess | Error {
  try {
    return start()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Tells once, and not at once, as the end of any process is told. */
function whyNot(child: ChildProcess | Error, tell: (reason: string) => void): void {
  if (child instanceof Error) {
    setImmediate(() => tell(reasonOf(child)))
    return
  }
  child.once('error', (error) => tell(reasonOf(error)))
  child.on('error', ignore)
}

function reasonOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message
}
