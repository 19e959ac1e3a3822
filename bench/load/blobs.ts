import type { Access } from '../peers/peer.ts'
import { type Connection, openConnection } from './connection.ts'
import type { Content } from './content.ts'
import { expect, headerLines, targetOf } from './images.ts'

/**
 * How the bytes come: `monolithic` POST and one PUT; `streamed` POST, one PATCH of untold length, PUT; `chunked` POST,
 * PATCHes of some mebibytes with their ranges, PUT.
 */
export type Way = 'monolithic' | 'streamed' | 'chunked'

const CHUNK_PARTS = 16
const OCTETS = 'Content-Type: application/octet-stream\r\n'

export async function pushBlob(
  connection: Connection,
  { repository, headers }: Access,
  content: Content,
  way: Way,
): Promise<void> {
  const common = headerLines(headers)
  const start = `POST /v2/${repository}/blobs/uploads/ HTTP/1.1\r\n${common}Content-Length: 0\r\n\r\n`
  let target = targetOf(expect(await connection.ask(start), 202, 'a POST'))
  const patch = async (more: string, body: readonly Buffer[]) => {
    const head = `PATCH ${target} HTTP/1.1\r\n${common}${OCTETS}${more}\r\n`
    target = targetOf(expect(await connection.ask(head, body), 202, 'a PATCH'))
  }
  if (way === 'streamed') await patch('Transfer-Encoding: chunked\r\n', inChunks(content.parts))
  if (way === 'chunked') {
    for (let at = 0, sent = 0; at < content.parts.length; at += CHUNK_PARTS) {
      const parts = content.parts.slice(at, at + CHUNK_PARTS)
      const length = parts.reduce((sum, part) => sum + part.length, 0)
      await patch(`Content-Range: ${sent}-${sent + length - 1}\r\nContent-Length: ${length}\r\n`, parts)
      sent += length
    }
  }
  const rest = way === 'monolithic' ? content : { parts: [], bytes: 0 }
  const last = `${target}${target.includes('?') ? '&' : '?'}digest=${encodeURIComponent(content.digest)}`
  const head = `PUT ${last} HTTP/1.1\r\n${common}${OCTETS}Content-Length: ${rest.bytes}\r\n\r\n`
  expect(await connection.ask(head, rest.parts), 201, 'a PUT')
}

/** Pulls a blob and answers how many bytes came. */
export async function pullBlob(
  connection: Connection,
  { repository, headers }: Access,
  digest: string,
): Promise<number> {
  const head = `GET /v2/${repository}/blobs/${digest} HTTP/1.1\r\n${headerLines(headers)}\r\n`
  return expect(await connection.ask(head), 200, 'a GET').bytes
}

/** Runs `turn` for every item on so many connections at once, and answers seconds. */
export async function timed<Item>(
  url: string,
  items: readonly Item[],
  connections: number,
  turn: (connection: Connection, item: Item) => Promise<unknown>,
  bufferBytes?: number,
): Promise<number> {
  let next = 0
  const begin = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = openConnection(url, bufferBytes)
      for (let at = next++; at < items.length; at = next++) await turn(connection, items[at] as Item)
      connection.close()
    }),
  )
  return (performance.now() - begin) / 1000
}

function inChunks(parts: readonly Buffer[]): Buffer[] {
  const framed = parts.flatMap((part) => [
    Buffer.from(`${part.length.toString(16)}\r\n`),
    part,
    Buffer.from('\r\n'),
  ])
  return [...framed, Buffer.from('0\r\n\r\n')]
}
