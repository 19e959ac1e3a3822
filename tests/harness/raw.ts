import net from 'node:net'

/**
 * Writes bytes to a server as they are, however malformed, and answers the status of what comes back; 0 where
 * the server hangs up without a word.
 */
export function sendRaw(origin: string, bytes: Buffer, patienceMs = 10_000): Promise<number> {
  const url = new URL(origin)
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(url.port), url.hostname)
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no answer within ${patienceMs} ms`))
    }, patienceMs)
    let received = ''
    const settle = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(statusOf(received))
    }
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      if (statusOf(received) !== 0) {
        settle()
      }
    })
    socket.on('error', settle)
    socket.on('close', settle)
    socket.write(bytes)
  })
}

function statusOf(received: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) (?!Continue)/.exec(received)?.[1] ?? 0)
}
