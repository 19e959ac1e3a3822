import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { send } from '../../tests/harness/http.ts'

export interface RunningProgram {
  pid: number
  startedAfterMs: number
  printed(): string
  stop(): Promise<void>
}

/** Starts a server as a child and waits until `/v2/` is answered; with a challenge counts as well. */
export async function startProgram(
  file: string,
  args: readonly string[],
  url: string,
  env: Record<string, string> = {},
): Promise<RunningProgram> {
  const begin = performance.now()
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const printed: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => printed.push(chunk.toString('utf8')))
  const atExit = () => child.kill('SIGKILL')
  process.once('exit', atExit)
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}\n${printed.join('')}`)
    const answer = await send(url, { path: '/v2/' }).catch(() => undefined)
    if (answer?.status === 200 || answer?.status === 401) break
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return {
    pid: child.pid ?? 0,
    startedAfterMs: performance.now() - begin,
    printed: () => printed.join(''),
    stop: async () => {
      process.removeListener('exit', atExit)
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
