import { once } from 'node:events'
import http from 'node:http'
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

/** Pulls a blob, throws the bytes away, and answers bytes a second. */
export async function downloadRate(
  { url }: RunningPeer,
  { repository, headers }: Access,
  digest: string,
): Promise<number> {
  const begin = performance.now()
  const request = http.get(`${url}/v2/${repository}/blobs/${digest}`, { headers })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  if (response.statusCode !== 200) {
    throw new Error(`the download was answered with ${response.statusCode}`)
  }
  let received = 0
  for await (const chunk of response) {
    received += (chunk as Buffer).length
  }
  return (received * 1000) / (performance.now() - begin)
}
