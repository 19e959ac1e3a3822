import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Content, config, descriptorOf, image, layer } from '../../harness/content.ts'
import type { Home } from '../../harness/home.ts'
import type { Answer } from '../../harness/http.ts'
import { layersInDirectory, layersInRegistry } from '../../harness/layers.ts'
import { writeLayout } from '../../harness/layout.ts'
import { codesOf, locationOf, openRegistry, type Registry, withQuery } from '../../harness/registry.ts'

/** An image whose push was answered with 201, or whose client has ended well. */
export interface Kept {
  repository: string
  tag: string
  /** Of its own client; of another one, what it says itself. */
  manifest?: Buffer
  layers: Buffer[]
}

/** What clients have seen. */
export interface Seen {
  kept: Kept[]
  /** Blobs that were answered with 201. */
  blobs: { repository: string; digest: string; bytes: Buffer }[]
  /** Answers that were no success, by status, and `cut` for none at all. */
  refusals: Map<string, number>
  /** Answers that nobody should get, whatever was killed. */
  wrong: string[]
}

export function nothingSeen(): Seen {
  return { kept: [], blobs: [], refusals: new Map(), wrong: [] }
}

/** How often the end of an upload is sent: for minutes. */
const MOST_TRIES = 3000

class Refused extends Error {}

/** Pushes small images one after the other until it is told to stop, whatever happens to the server. */
export async function pushOn(
  { url, credentials, repository, name }: Target,
  seen: Seen,
  isOver: () => boolean,
): Promise<void> {
  const shared = layer(3000)
  for (let number = 1; !isOver(); number += 1) {
    const registry = openRegistry(url, credentials)
    const own = [layer(2000 + number), layer(200)]
    const settings = config()
    const manifest = image({ config: descriptorOf(settings), layers: [shared, ...own].map(descriptorOf) })
    const tag = `${name}-${number}`
    try {
      for (const [index, content] of [shared, settings, ...own].entries()) {
        await pushBlob(registry, repository, content, (number + index) % 3)
        seen.blobs.push({ repository, digest: content.digest, bytes: content.bytes })
      }
      await expectDone(
        201,
        registry.send({
          method: 'PUT',
          path: `/v2/${repository}/manifests/${tag}`,
          headers: { 'Content-Type': manifest.mediaType },
          body: manifest.bytes,
        }),
      )
      seen.kept.push({
        repository,
        tag,
        manifest: manifest.bytes,
        layers: [shared, ...own].map(({ bytes }) => bytes),
      })
    } catch (error) {
      await note(seen, error)
    }
  }
}

export interface Target {
  url: string
  credentials: { username: string; password: string }
  repository: string
  /** Of this client, in its tags. */
  name: string
}

/** In one request, streamed, or in two chunks. */
async function pushBlob(
  registry: Registry,
  repository: string,
  content: Content,
  way: number,
): Promise<void> {
  const { bytes, digest } = content
  const start = `/v2/${repository}/blobs/uploads/`
  if (way === 0) {
    await expectDone(201, registry.send({ method: 'POST', path: withQuery(start, { digest }), body: bytes }))
    return
  }
  let location = locationOf(await expectDone(202, registry.send({ method: 'POST', path: start })))
  const half = Math.floor(bytes.length / 2)
  const parts = way === 1 ? [bytes] : [bytes.subarray(0, half), bytes.subarray(half)]
  for (const [index, part] of parts.entries()) {
    const sending = registry.send({ method: 'PATCH', path: location, body: part })
    // One that began a moment before the crash may be forgotten; one of which something was acknowledged may not.
    location = locationOf(await expectDone(202, sending, { mayBeForgotten: index === 0 }))
  }
  await end(() => registry.send({ method: 'PUT', path: withQuery(location, { digest }) }))
}

/** Sends the end of an upload until it is acknowledged, as proxies do: whatever is killed meanwhile, it is nothing else. */
async function end(send: () => Promise<Answer>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await expectDone(201, send())
      return
    } catch (error) {
      const isOver = !(error instanceof Refused) && !isCut(error)
      if (isOver || tries === MOST_TRIES) throw error
      await sleep(100)
    }
  }
}

async function expectDone(
  status: number,
  answering: Promise<Answer>,
  { mayBeForgotten = false } = {},
): Promise<Answer> {
  const answer = await answering
  if (answer.status === status) return answer
  const isForgotten = mayBeForgotten && answer.status === 404 && codesOf(answer)[0] === 'BLOB_UPLOAD_UNKNOWN'
  // Whatever is away, it comes back: that is another thing than a mistake of ours.
  const isOurs = answer.status === 503 && codesOf(answer).length > 0
  if (isForgotten || isOurs) throw new Refused(String(answer.status))
  throw new Error(`answered ${answer.status} ${answer.body.toString()}`)
}

/** Without an answer. */
function isCut(error: unknown): boolean {
  return error instanceof Error && 'code' in error
}

async function note(seen: Seen, error: unknown): Promise<void> {
  const kind = error instanceof Refused ? error.message : 'cut'
  if (error instanceof Refused || isCut(error)) seen.refusals.set(kind, (seen.refusals.get(kind) ?? 0) + 1)
  else seen.wrong.push(String(error))
  await sleep(30)
}

/** The same by another client, a program, which tries again by itself. */
export async function copyOn(
  { url, credentials, repository, name }: Target,
  tools: { home: Home; skopeo: string },
  seen: Seen,
  isOver: () => boolean,
): Promise<void> {
  const host = new URL(url).host
  for (let number = 1; !isOver(); number += 1) {
    const tag = `${name}-${number}`
    const { directory, layers } = await writeLayout(await tools.home.at(placeOf(repository, tag)))
    const { code } = await tools.home.run(
      tools.skopeo,
      'copy',
      '--quiet',
      '--dest-tls-verify=false',
      `--dest-creds=${credentials.username}:${credentials.password}`,
      `oci:${directory}:latest`,
      `docker://${host}/${repository}:${tag}`,
    )
    if (code === 0) seen.kept.push({ repository, tag, layers })
    else await sleep(30)
  }
}

/** What of the kept is not as it was pushed: all is read by our own client, some of each client's by another one. */
export async function lostOf(
  seen: Seen,
  registry: Registry,
  tools: { home: Home; skopeo: string; credentials: { username: string; password: string } },
): Promise<string[]> {
  const lost: string[] = []
  for (const { repository, tag, manifest, layers } of seen.kept) {
    const answer = await registry.get(`/v2/${repository}/manifests/${tag}`)
    if (answer.status !== 200) lost.push(`${repository}:${tag} answers ${answer.status}`)
    else if (manifest && !answer.body.equals(manifest)) lost.push(`${repository}:${tag} is another one`)
    else if (!same(await layersInRegistry(registry, repository, tag), layers)) {
      lost.push(`${repository}:${tag} has other layers`)
    }
  }
  for (const { repository, digest, bytes } of seen.blobs) {
    const answer = await registry.get(`/v2/${repository}/blobs/${digest}`)
    if (answer.status !== 200 || !answer.body.equals(bytes))
      lost.push(`${repository}@${digest} answers ${answer.status}`)
  }
  for (const { repository, tag, layers } of everyOf(seen.kept, 4)) {
    const directory = path.join(await tools.home.at('pulled'), placeOf(repository, tag))
    await mkdir(directory)
    const { username, password } = tools.credentials
    await tools.home.do(
      tools.skopeo,
      'copy',
      '--quiet',
      '--src-tls-verify=false',
      `--src-creds=${username}:${password}`,
      `docker://${new URL(registry.url).host}/${repository}:${tag}`,
      `dir:${directory}`,
    )
    if (!same(await layersInDirectory(directory), layers))
      lost.push(`${repository}:${tag} is pulled otherwise`)
  }
  return lost
}

/** A directory's name; clients of several servers share one home. */
function placeOf(repository: string, tag: string): string {
  return `${repository.replaceAll('/', '-')}-${tag}`
}

function same(some: Buffer[], others: Buffer[]): boolean {
  return (
    some.length === others.length && some.every((bytes, index) => bytes.equals(others[index] ?? Buffer.of()))
  )
}

/** A few from the whole length of a list. */
function everyOf<T>(list: readonly T[], count: number): T[] {
  const step = Math.max(1, Math.floor(list.length / count))
  return list.filter((_, index) => index % step === 0).slice(-count)
}
