import { fork } from 'node:child_process'
import { ignore } from '../../lib/ignore.ts'
import type { Launch } from './family.ts'
import type { Word } from './messages.ts'

/** The command of `main.ts` that such a process runs. */
const COMMAND = 'serve-process'

/** Starts processes of this same program, with a line to each. They write to our standard output. */
export function createLaunch(): Launch {
  return (hear, ended) => {
    const child = fork(process.argv[1] ?? '', [COMMAND], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    // It has gone, and its end is told as well; or it could not even be started.
    child.on('error', () => {
      if (child.pid === undefined) ended({ code: 1, signal: null })
    })
    child.on('message', (word: Word) => hear(word))
    child.once('exit', (code, signal) => ended({ code, signal }))

    return {
      pid: child.pid ?? 0,
      send(order, connection) {
        if (child.connected) child.send(order, connection, { keepOpen: true }, ignore)
      },
      kill() {
        child.kill('SIGKILL')
      },
    }
  }
}
