import { setTimeout as sleep } from 'node:timers/promises'
import { type Content, config, descriptorOf, image, layer } from '../harness/content.ts'
import { type Answer, type Call, json } from '../harness/http.ts'
import { locationOf, type Registry, withQuery } from '../harness/registry.ts'
import { number, pick, type Random } from '../soak/worker.ts'

/** An image whose manifest was answered with 201. */
export interface Acknowledged {
  repository: string
  tag: string
  manifest: Content
  blobs: Content[]
}

export interface Pusher {
  /** Where requests go: to whoever is there at the moment. */
  registry: Registry
  /** Names of repositories, whole. */
  repositories: readonly string[]
  /** Sets this one's tags apart from those of others. */
  name: string
  random: Random
  /** Statuses that mean that the push is to begin again; without them those of a proxy with nobody behind it. */
  interruptions?: readonly number[]
  acknowledged(image: Acknowledged): void
  /** What no server may answer, whoever was killed. */
  fault(what: string): void
}

/** Steps that came to nothing because somebody was killed; clients begin the push again then, and so do we. */
class Interrupted extends Error {}

const ATTEMPTS = 40
const PAUSE_MILLISECONDS = 150
const PROXY_STATUSES = [502, 504]

/**
 * Pushes images, one after the other, as clients of registries do: asks for each blob, sends those that are not there in one of
 * three ways, then the manifest; and begins again where a connection breaks. After each 201 the tag must be where it was
 * put, whoever is asked.
 */
export async function pushUntil(end: number, pusher: Pusher): Promise<void> {
  for (let at = 0; Date.now() < end; at += 1) {
    const repository = pick(pusher.random, pusher.repositories)
    const parts = [config(), layer(200 + number(pusher.random, 60_000))]
    if (pusher.random() < 0.2) parts.push(layer(300_000 + number(pusher.random, 1_000_000)))
    const [configuration, ...layers] = parts.map(descriptorOf)
    if (!configuration) throw new Error('an image has a configuration')
    const manifest = image({ config: configuration, layers })
    for (const tag of [`${pusher.name}-${at}`, `${pusher.name}-latest`]) {
      await again(() => push(pusher, repository, parts, manifest, tag))
      pusher.acknowledged({ repository, tag, manifest, blobs: parts })
      const seen = await again(() =>
        ask(pusher, { method: 'HEAD', path: `/v2/${repository}/manifests/${tag}` }, [200]),
      )
      const digest = seen.headers['docker-content-digest']
      if (digest !== manifest.digest) pusher.fault(`${repository}:${tag} is ${digest} after its 201`)
    }
  }
}

async function again<Result>(step: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step()
    } catch (error) {
      if (!(error instanceof Interrupted) || attempt === ATTEMPTS) throw error
      await sleep(PAUSE_MILLISECONDS)
    }
  }
}

async function push(
  pusher: Pusher,
  repository: string,
  parts: Content[],
  manifest: Content,
  tag: string,
): Promise<void> {
  for (const part of parts) {
    const path = `/v2/${repository}/blobs/${part.digest}`
    const offered = await ask(pusher, { method: 'HEAD', path }, [200, 404])
    if (offered.status === 404) await pushBlob(pusher, repository, part)
  }
  await ask(
    pusher,
    {
      method: 'PUT',
      path: `/v2/${repository}/manifests/${tag}`,
      headers: { 'Content-Type': manifest.mediaType },
      body: manifest.bytes,
    },
    [201],
  )
}

async function pushBlob(pusher: Pusher, repository: string, { bytes, digest }: Content): Promise<void> {
  const start = { method: 'POST', path: `/v2/${repository}/blobs/uploads/` }
  let location = locationOf(await ask(pusher, start, [202]))
  const way = number(pusher.random, 3)
  const pieces = way === 0 ? [] : way === 1 ? [bytes] : chunks(bytes, 3)
  let sent = 0
  for (const piece of pieces) {
    const range = { 'Content-Range': `${sent}-${sent + piece.length - 1}` }
    const call = { method: 'PATCH', path: location, headers: way === 2 ? range : {}, body: piece }
    location = locationOf(await ask(pusher, call, [202]))
    sent += piece.length
  }
  const last = withQuery(location, { digest })
  const ended = await ask(
    pusher,
    { method: 'PUT', path: last, ...(way === 0 && { body: bytes }) },
    [201, 404],
  )
  // Whoever was killed had put the bytes in their place, but not recorded that: the upload begins again.
  if (ended.status === 404) throw new Interrupted('the upload is unknown')
}

function chunks(bytes: Buffer, count: number): Buffer[] {
  const size = Math.ceil(bytes.length / count)
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size)).filter(
    ({ length }) => length > 0,
  )
}

/** One request. What a broken connection or a proxy without anybody behind it makes of it is an interruption, other surprises are faults. */
async function ask(pusher: Pusher, call: Call, allowed: readonly number[]): Promise<Answer> {
  const answer = await pusher.registry.send(call).catch((error: unknown) => {
    throw new Interrupted(String(error))
  })
  if (allowed.includes(answer.status)) return answer
  const { interruptions = PROXY_STATUSES } = pusher
  if (interruptions.includes(answer.status)) throw new Interrupted(String(answer.status))
  const said = answer.body.toString('utf8').slice(0, 300)
  pusher.fault(`${call.method} ${call.path}: ${answer.status} ${said}`)
  throw new Interrupted(said)
}

/** What is wrong with what was acknowledged, asked of one server: each tag where it was put last, each byte as it was sent. */
export async function checkAcknowledged(
  registry: Registry,
  images: readonly Acknowledged[],
): Promise<string[]> {
  const faults: string[] = []
  const last = new Map(images.map((one) => [`${one.repository}:${one.tag}`, one]))
  for (const { repository, tag, manifest, blobs } of last.values()) {
    const answer = await registry.get(`/v2/${repository}/manifests/${tag}`)
    if (!answer.body.equals(manifest.bytes)) faults.push(`${repository}:${tag} answers ${answer.status}`)
    for (const { digest, bytes } of blobs) {
      const { status, body } = await registry.get(`/v2/${repository}/blobs/${digest}`)
      if (!body.equals(bytes)) faults.push(`${repository} answers ${status} for ${digest} of ${tag}`)
    }
  }
  for (const repository of new Set(images.map((one) => one.repository))) {
    const wanted = [...last.values()].filter((one) => one.repository === repository).map(({ tag }) => tag)
    const { tags } = json(await registry.get(`/v2/${repository}/tags/list`)) as { tags: string[] }
    if (String(tags) !== String(wanted.sort())) faults.push(`${repository} has tags ${tags}`)
  }
  return faults
}
