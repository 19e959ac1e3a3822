import { createHash, randomBytes } from 'node:crypto'
import type { Access } from '../peers/peer.ts'
import { type Connection, openConnection, type Reply } from './connection.ts'

export interface SmallImage {
  tag: string
  parts: { digest: string; bytes: Buffer }[]
  manifest: Buffer
  digest: string
}

/** How a client brings a blob: `plain` is POST and PUT, `careful` is HEAD, POST, PATCH and PUT, as Docker and podman do it. */
export type Manner = 'plain' | 'careful'

const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const LAYER_BYTES = 10_000

/** An image of a configuration and one layer of 10 KB, which nobody has ever pushed. */
export function makeImage(tag: string): SmallImage {
  const environment = `UNIQUE=${randomBytes(8).toString('hex')}`
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Env: [environment] },
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  )
  const parts = [config, randomBytes(LAYER_BYTES)].map((bytes) => ({ bytes, digest: sha256(bytes) }))
  const [first, second] = parts.map(({ bytes, digest }, at) => ({
    mediaType: `application/vnd.oci.image.${at === 0 ? 'config.v1+json' : 'layer.v1.tar+gzip'}`,
    digest,
    size: bytes.length,
  }))
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: IMAGE, config: first, layers: [second] }),
  )
  return { tag, parts, manifest, digest: sha256(manifest) }
}

/** Pushes one image over one connection; whatever is not answered as it should be is an error. */
export async function pushImage(
  connection: Connection,
  { repository, headers }: Access,
  image: SmallImage,
  manner: Manner = 'plain',
): Promise<void> {
  const common = headerLines(headers)
  const ask = (method: string, target: string, more: string, body?: Buffer) =>
    connection.ask(
      `${method} ${target} HTTP/1.1\r\n${common}${more}Content-Length: ${body?.length ?? 0}\r\n\r\n`,
      body,
    )
  for (const { digest, bytes } of image.parts) {
    if (manner === 'careful')
      expect(await ask('HEAD', `/v2/${repository}/blobs/${digest}`, ''), 404, 'a HEAD')
    const begun = expect(await ask('POST', `/v2/${repository}/blobs/uploads/`, ''), 202, 'a POST')
    let target = targetOf(begun)
    let rest: Buffer | undefined = bytes
    if (manner === 'careful') {
      const range = `Content-Range: 0-${bytes.length - 1}\r\nContent-Type: application/octet-stream\r\n`
      target = targetOf(expect(await ask('PATCH', target, range, bytes), 202, 'a PATCH'))
      rest = undefined
    }
    const last = `${target}${target.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`
    expect(await ask('PUT', last, 'Content-Type: application/octet-stream\r\n', rest), 201, 'a PUT')
  }
  const target = `/v2/${repository}/manifests/${image.tag}`
  expect(await ask('PUT', target, `Content-Type: ${IMAGE}\r\n`, image.manifest), 201, 'a manifest')
}

export interface Pushed {
  perSecond: number
  /** Milliseconds of each push, sorted. */
  milliseconds: number[]
  images: SmallImage[]
}

/** So many clients push so many images in all, each client over a connection of its own. */
export async function pushImages(
  url: string,
  accesses: readonly Access[],
  options: { clients: number; pushes: number; manner?: Manner },
): Promise<Pushed> {
  const mark = randomBytes(4).toString('hex')
  // Made before the clock runs: what they cost is not the server's.
  const images = Array.from({ length: options.pushes }, (_, at) => makeImage(`t-${mark}-${at}`))
  const milliseconds: number[] = []
  let next = 0
  const begin = performance.now()
  await Promise.all(
    Array.from({ length: options.clients }, async () => {
      const connection = openConnection(url)
      for (let at = next++; at < images.length; at = next++) {
        const before = performance.now()
        await pushImage(
          connection,
          accesses[at % accesses.length] as Access,
          images[at] as SmallImage,
          options.manner,
        )
        milliseconds.push(performance.now() - before)
      }
      connection.close()
    }),
  )
  const perSecond = (images.length * 1000) / (performance.now() - begin)
  return { perSecond, milliseconds: milliseconds.sort((a, b) => a - b), images }
}

/** Headers as they go over the wire, with the host that every request names. */
export function headerLines(headers: Record<string, string>): string {
  return Object.entries({ Host: 'bench', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
}

/** Where the answer sends us, as the target of the next request. */
export function targetOf(reply: Reply): string {
  const url = new URL(reply.location ?? '', 'http://bench')
  return url.pathname + url.search
}

export function expect(reply: Reply, status: number, what: string): Reply {
  if (reply.status !== status)
    throw new Error(`${what} was answered with ${reply.status} instead of ${status}: ${reply.text}`)
  return reply
}

export function sha256(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return `sha256:${hash.digest('hex')}`
}
