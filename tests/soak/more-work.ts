import type { Answer } from '../harness/http.ts'
import { locationOf } from '../harness/registry.ts'
import { digestOf, number, OCI, pick, REPOSITORIES, send, type Worker } from './worker.ts'

/** What clients do with what is there already: pull, push again without sending, mount, move tags, restore, purge. */

interface Image {
  config?: { digest: string }
  layers?: { digest: string }[]
  manifests?: { digest: string }[]
}

/** A pull as clients do it. What is taken away meanwhile may be missing, but nothing else, and bytes are the right ones. */
export async function pull(worker: Worker, v2: string): Promise<void> {
  const { registry } = worker
  const answer = await registry.get(`${v2}/manifests/${await someTag(worker, v2)}`)
  worker.saw('pull a manifest', answer, [200, 404])
  if (answer.status !== 200) return
  for (const digest of blobsOf(answer.body)) {
    const blob = await registry.get(`${v2}/blobs/${digest}`)
    if (blob.status === 404 && !(await isThere(worker, v2, answer))) return
    worker.saw('pull a blob', blob, [200])
    expectBytes(worker, blob, digest)
  }
}

/** Of an image that was to stay everything is there at any time. */
export async function pullKept(worker: Worker): Promise<void> {
  const image = pick(worker.random, worker.keptSoFar)
  if (!image) return
  const answer = await worker.registry.get(`${image.repository}/manifests/${digestOf(image.manifest)}`)
  worker.saw('pull a manifest to stay', answer, [200])
  const digest = pick(worker.random, image.blobs)
  const blob = await worker.registry.get(`${image.repository}/blobs/${digest}`)
  worker.saw('pull a blob to stay', blob, [200])
  expectBytes(worker, blob, digest)
}

/** A manifest whose blobs are said to be there is pushed with none of them sent. */
export async function reuse(worker: Worker, v2: string, body: Buffer): Promise<void> {
  const { registry, random } = worker
  for (const digest of blobsOf(body)) {
    const { status } = await registry.head(`${v2}/blobs/${digest}`)
    if (status !== 200) return
  }
  const headers = { 'Content-Type': `${OCI}manifest.v1+json` }
  const path = `${v2}/manifests/v${number(random, 6)}`
  const answer = await registry.send({ method: 'PUT', path, headers, body })
  worker.saw('reuse without sending', answer, [201, 400, 403, 404])
}

/** The blobs of an image are mounted into another repository, and its manifest pushed there. */
export async function mount(worker: Worker, v2: string): Promise<void> {
  const { registry, random } = worker
  const image = await registry.get(`${v2}/manifests/${await someTag(worker, v2)}`)
  if (image.status !== 200) return
  const target = `/v2/${pick(random, worker.projects)}/${pick(random, REPOSITORIES)}`
  const from = encodeURIComponent(v2.slice('/v2/'.length))
  for (const digest of blobsOf(image.body)) {
    const path = `${target}/blobs/uploads/?mount=${digest}&from=${from}`
    const answer = await registry.send({ method: 'POST', path })
    worker.saw('mount', answer, [201, 202, 403, 404])
    // It is not there any more: an upload was begun instead.
    if (answer.status === 202) await registry.delete(locationOf(answer))
    if (answer.status !== 201) return
  }
  await putAgain(worker, target, 'push what was mounted', image)
}

/** An image gets a tag that may be another's. */
export async function moveTag(worker: Worker, v2: string): Promise<void> {
  const image = await worker.registry.get(`${v2}/manifests/${await someTag(worker, v2)}`)
  if (image.status === 200) await putAgain(worker, v2, 'move a tag', image)
}

/** A blob that nobody will reference. */
export async function leaveBlob(worker: Worker, v2: string, body: Buffer): Promise<void> {
  const path = `${v2}/blobs/uploads/?digest=${digestOf(body)}`
  const headers = { 'Content-Type': 'application/octet-stream' }
  const answer = await worker.registry.send({ method: 'POST', path, headers, body })
  worker.saw('leave a blob', answer, [201, 403, 404])
}

const TRASHES = [
  ['artifact', ''],
  ['tag', '/tags'],
  ['repository', '/repositories'],
] as const

type Trash = (typeof TRASHES)[number][0]

/** 409 and 412: it cannot come back as things are now; 403: there is no room. */
export async function restore(worker: Worker, project: string, only?: Trash): Promise<void> {
  const [what, below] = trashOf(worker, only)
  const root = `/api/v2.0/projects/${project}/trash${below}`
  const id = pick(worker.random, await trashed(worker, root))
  if (id === undefined) return
  // The name is in use again, mostly.
  const otherName = what === 'repository' && worker.random() < 0.5
  const name = otherName ? `?name=restored${number(worker.random, 100)}` : ''
  const answer = await send(worker, 'POST', `${root}/${id}/restore${name}`, {})
  worker.saw(`restore ${what}`, answer, [200, 403, 404, 409, 412])
}

/** What is deleted goes for good, some of it. */
export async function purge(worker: Worker, project: string, only?: Trash): Promise<void> {
  const [what, below] = trashOf(worker, only)
  const root = `/api/v2.0/projects/${project}/trash${below}`
  for (const id of (await trashed(worker, root)).slice(0, 5)) {
    worker.saw(`purge ${what}`, await worker.registry.delete(`${root}/${id}`), [200, 404])
  }
}

function trashOf({ random }: Worker, only?: Trash): (typeof TRASHES)[number] {
  return TRASHES.find(([what]) => what === only) ?? pick(random, TRASHES)
}

/** Empties the trash of a project; answers how much it took out. */
export async function purgeAll(worker: Pick<Worker, 'registry' | 'saw'>, project: string): Promise<number> {
  let gone = 0
  for (const [what, below] of TRASHES) {
    const root = `/api/v2.0/projects/${project}/trash${below}`
    for (let ids = await trashed(worker, root); ids.length > 0; ids = await trashed(worker, root)) {
      for (const id of ids) {
        worker.saw(`purge ${what}`, await worker.registry.delete(`${root}/${id}`), [200, 404])
      }
      gone += ids.length
    }
  }
  return gone
}

/** A run of the collection; while another one is open it is refused. */
export async function collect(worker: Worker): Promise<void> {
  const parameters = { delete_untagged: worker.random() < 0.5, workers: 2 }
  const order = { schedule: { type: 'Manual' }, parameters }
  const answer = await send(worker, 'POST', '/api/v2.0/system/gc/schedule', order)
  worker.saw('start a collection', answer, [201, 409])
}

async function trashed(worker: Pick<Worker, 'registry' | 'saw'>, root: string): Promise<number[]> {
  const answer = await worker.registry.get(`${root}?page_size=50`)
  worker.saw('list the trash', answer, [200])
  if (answer.status !== 200) return []
  return (JSON.parse(answer.body.toString('utf8')) as { id: number }[]).map(({ id }) => id)
}

async function putAgain(worker: Worker, v2: string, what: string, image: Answer): Promise<void> {
  const headers = { 'Content-Type': String(image.headers['content-type']) }
  const path = `${v2}/manifests/v${number(worker.random, 6)}`
  const answer = await worker.registry.send({ method: 'PUT', path, headers, body: image.body })
  worker.saw(what, answer, [201, 400, 403, 404])
}

/** A tag that the repository has, or one that it may have. */
async function someTag({ registry, random }: Worker, v2: string): Promise<string> {
  const answer = await registry.get(`${v2}/tags/list`)
  const tags =
    answer.status === 200 ? (JSON.parse(answer.body.toString('utf8')) as { tags: string[] | null }).tags : []
  return pick(random, tags ?? []) ?? `v${number(random, 6)}`
}

async function isThere(worker: Worker, v2: string, manifest: Answer): Promise<boolean> {
  const { status } = await worker.registry.head(`${v2}/manifests/${digestOf(manifest.body)}`)
  return status === 200
}

function blobsOf(manifest: Buffer): string[] {
  const { config, layers = [] } = JSON.parse(manifest.toString('utf8')) as Image
  return [...(config ? [config] : []), ...layers].map(({ digest }) => digest)
}

function expectBytes(worker: Worker, answer: Answer, digest: string): void {
  if (answer.status !== 200 || digestOf(answer.body) === digest) return
  worker.saw(`wrong bytes of ${digest}`, answer, [])
}
