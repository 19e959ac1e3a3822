import { once } from 'node:events'
import { connect } from 'node:net'
import { send } from '../../tests/harness/http.ts'
import { locationOf, withQuery } from '../../tests/harness/registry.ts'
import type { Access, RunningPeer } from '../peers/peer.ts'

/** Pushes bytes as the usual client does, one PATCH and a PUT, and answers bytes a second. */
export async function uploadRate(
  { url }: RunningPeer,
  { repository, headers }: Access,
  bytes: Buffer,
  digest: string,
): Promise<number> {
  const begin = performance.now()
  const begun = await send(url, { method: 'POST', path: `/v2/${repository}/blobs/uploads/`, headers })
  const sent = await send(url, { method: 'PATCH', path: locationOf(begun), headers, body: bytes })
  const closed = await send(url, { method: 'PUT', path: withQuery(locationOf(sent), { digest }), headers })
  if (closed.status !== 201) {
    throw new Error(`the upload ended with ${closed.status}: ${closed.body.toString('utf8')}`)
  }
  return (bytes.length * 1000) / (performance.now() - begin)
}

/**
 * Pulls a blob, throws the bytes away, and answers bytes a second. Over a bare socket into one buffer: a
 * client that makes a buffer for every chunk is slower than either server, and would be what is measured.
 */
export async function downloadRate(
  { url }: RunningPeer,
  { repository, headers }: Access,
  digest: string,
): Promise<number> {
  const { hostname, port, host } = new URL(url)
  const lines = Object.entries({ ...headers, host, connection: 'close' }).map((line) => line.join(': '))
  const begin = performance.now()
  let received = 0
  let head = ''
  const socket = connect({
    host: hostname,
    port: Number(port),
    onread: {
      buffer: Buffer.allocUnsafe(1024 * 1024),
      callback(count, chunk) {
        if (received === 0)
          head = Buffer.from(chunk.buffer, chunk.byteOffset, count).toString('latin1', 0, 12)
        received += count
        return true
      },
    },
  })
  socket.write(`GET /v2/${repository}/blobs/${digest} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  await once(socket, 'close')
  if (head !== 'HTTP/1.1 200') throw new Error(`the download was answered with ${head}`)

  return (received * 1000) / (performance.now() - begin)
}
