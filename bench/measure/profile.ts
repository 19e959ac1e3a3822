/** What one process did while it was watched. */
export interface Profile {
  busyMilliseconds: number
  idleMilliseconds: number
  /** Share of the busy time that functions took themselves, largest first. */
  functions: { name: string; share: number }[]
}

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

/**
 * Watches a process of Node while `work` runs. SIGUSR1 makes Node open its inspector, which tells its address on
 * standard error: `printed` answers what the process has printed so far.
 */
export async function profileWhile(
  pid: number,
  printed: () => string,
  work: () => Promise<unknown>,
): Promise<Profile> {
  const inspector = await openInspector(await inspectorOf(pid, printed))
  try {
    await inspector.call('Profiler.enable')
    await inspector.call('Profiler.setSamplingInterval', { interval: 500 })
    await inspector.call('Profiler.start')
    await work()
    const { profile } = (await inspector.call('Profiler.stop')) as { profile: CpuProfile }
    return summarize(profile)
  } finally {
    inspector.close()
  }
}

async function inspectorOf(pid: number, printed: () => string): Promise<string> {
  const pattern = /Debugger listening on (ws:\S+)/g
  process.kill(pid, 'SIGUSR1')
  for (let tries = 0; tries < 500; tries += 1) {
    const address = [...printed().matchAll(pattern)].at(-1)?.[1]
    if (address !== undefined) return address
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`process ${pid} opened no inspector`)
}

async function openInspector(address: string) {
  const socket = new WebSocket(address)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', () => reject(new Error(`no inspector at ${address}`)), { once: true })
  })
  const waiting = new Map<number, (result: unknown) => void>()
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown }
    if (id !== undefined) waiting.get(id)?.(result)
  })
  let last = 0
  return {
    call: (method: string, params: object = {}) =>
      new Promise((resolve) => {
        last += 1
        waiting.set(last, resolve)
        socket.send(JSON.stringify({ id: last, method, params }))
      }),
    close: () => socket.close(),
  }
}

function summarize({ nodes, samples, timeDeltas }: CpuProfile): Profile {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const taken = new Map<string, number>()
  for (const [at, id] of samples.entries()) {
    const name = names.get(id) ?? ''
    taken.set(name, (taken.get(name) ?? 0) + (timeDeltas[at] ?? 0))
  }
  const idle = taken.get('(idle)') ?? 0
  taken.delete('(idle)')
  const busy = [...taken.values()].reduce((sum, time) => sum + time, 0)
  const functions = [...taken]
    .map(([name, time]) => ({ name, share: time / busy }))
    .sort((a, b) => b.share - a.share)
  return { busyMilliseconds: busy / 1000, idleMilliseconds: idle / 1000, functions }
}

/** `function package-or-file:line`; what Node does itself in C++ has no file. */
function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? 'anonymous' : functionName
  if (url === '') return name
  const place = url.replace(/^file:\/\//, '').replace(/^.*\/(?:node_modules|server\/src)\//, '')
  return `${name} ${place}:${lineNumber + 1}`
}
