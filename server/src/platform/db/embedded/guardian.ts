import { spawn } from 'node:child_process'
import { ignore } from '../../../lib/ignore.ts'
import type { Owner } from './owner.ts'

/**
 * A shell of a few hundred kilobytes that stops PostgreSQL when this process dies without a word
 * (SIGKILL): it waits for a line on a pipe that only we hold. With the line it just goes; when the pipe
 * closes instead, it sends `signal` to `pid`. It runs as PostgreSQL's own user and can hurt nobody else.
 *
 * @returns dismisses it; to be called once `pid` has exited.
 */
export function guard(pid: number, signal: 'INT' | 'KILL', owner: Owner | undefined): () => void {
  const shell = spawn('/bin/sh', ['-c', `read -r line || kill -${signal} "$0"`, String(pid)], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
    ...owner,
  })
  // Without a shell there is no guardian: the next start stops what it finds (`orphan.ts`).
  shell.on('error', ignore)
  shell.stdin.on('error', ignore)
  shell.unref()

  return () => shell.stdin.end('\n')
}
