import type { Answer } from '../harness/http.ts'
import { collect, leaveBlob, mount, moveTag, pull, pullKept, purge, restore, reuse } from './more-work.ts'
import { digestOf, number, OCI, pick, type Random, REPOSITORIES, send, type Worker } from './worker.ts'

/** Random work of many clients on a few repositories of two projects, so that they meet all the time. */

const LAYERS = Array.from({ length: 12 }, (_, index) => Buffer.from(`layer ${index} `.repeat(50)))

/** One step of a client: mostly a push, else something that gets into the way of others. */
export async function workOnce(worker: Worker): Promise<void> {
  const { random } = worker
  const project = pick(random, worker.projects)
  const name = pick(random, REPOSITORIES)
  const v2 = `/v2/${project}/${name}`
  const api = `/api/v2.0/projects/${project}/repositories/${name}`
  const tag = `v${number(random, 6)}`
  const dice = random()
  if (dice < 0.06) return pushKept(worker, `/v2/${worker.projects[0]}/kept`)
  if (dice < 0.34) return push(worker, v2)
  if (dice < 0.39) return pull(worker, v2)
  if (dice < 0.41) return pullKept(worker)
  if (dice < 0.46) return reuse(worker, v2, someImage(random).manifest)
  if (dice < 0.51) return mount(worker, v2)
  if (dice < 0.54) return moveTag(worker, v2)
  if (dice < 0.56) return leaveBlob(worker, v2, pick(random, LAYERS))
  if (dice < 0.61) return restore(worker, project)
  if (dice < 0.65) return purge(worker, project)
  if (dice < 0.66) return collect(worker)
  return disturb(worker, { project, name, v2, api, tag, dice: (dice - 0.66) / 0.34 })
}

/** Steps that get into the way of others. */
async function disturb(
  worker: Worker,
  {
    project,
    name,
    v2,
    api,
    tag,
    dice,
  }: Record<'project' | 'name' | 'v2' | 'api' | 'tag', string> & { dice: number },
): Promise<void> {
  const { random, registry } = worker
  if (dice < 0.2)
    return see(worker, 'delete tag', await registry.delete(`${v2}/manifests/${tag}`), [202, 404])
  if (dice < 0.45) return deleteSomeArtifact(worker, api)
  if (dice < 0.5) return see(worker, 'delete repository', await registry.delete(api), [200, 404])
  if (dice < 0.65) {
    const target = `/api/v2.0/projects/${pick(random, worker.projects)}/repositories/${pick(random, REPOSITORIES)}`
    const path = `${target}/artifacts?from=${project}/${name}:${tag}`
    return see(worker, 'copy', await registry.send({ method: 'POST', path }), [201, 400, 403, 404])
  }
  if (dice < 0.77) return labelArtifact(worker, api, `v${number(random, 6)}`)
  if (dice < 0.82) return changeLimit(worker)
  if (dice < 0.94) {
    const made = await send(worker, 'POST', `${api}/artifacts/${tag}/tags`, { name: `w${number(random, 4)}` })
    return see(worker, 'tag', made, [201, 404, 409])
  }
  const to = { project_name: pick(random, worker.projects), name: pick(random, REPOSITORIES) }
  see(worker, 'move', await send(worker, 'PUT', `${api}/name`, to), [200, 403, 404, 409])
  await registry.delete(`/api/v2.0/projects/${project}/repository-aliases/${name}`)
}

/** One of those that are pushed again and again: few, so that they meet. */
function someImage(random: Random): { layers: Buffer[]; config: Buffer; manifest: Buffer } {
  const layers = [pick(random, LAYERS), pick(random, LAYERS)]
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', n: number(random, 16) }))
  const image = manifest({
    config: descriptor(`${OCI}config.v1+json`, config),
    layers: layers.map((layer) => descriptor(`${OCI}layer.v1.tar`, layer)),
  })
  return { layers, config, manifest: image }
}

async function push(worker: Worker, v2: string): Promise<void> {
  const { random } = worker
  const { layers, config, manifest: image } = someImage(random)
  for (const blob of [...layers, config]) await offerBlob(worker, v2, blob)
  const tagged = random() < 0.5
  if (!(await putManifest(worker, v2, image, tagged ? `v${number(random, 6)}` : digestOf(image)))) return
  if (random() < 0.3) {
    const child = {
      ...descriptor(`${OCI}manifest.v1+json`, image),
      platform: { os: 'linux', architecture: 'amd64' },
    }
    await putManifest(worker, v2, index([child]), `multi${number(random, 3)}`)
  }
  if (random() < 0.3) await pushSignature(worker, v2, image, layers[0] as Buffer)
}

/** Into a repository that stays: whatever the server said of its blobs must hold. */
export async function pushKept(worker: Worker, v2: string): Promise<void> {
  const { random } = worker
  const layers = [pick(random, LAYERS), Buffer.from(`only here ${random()}`)]
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', n: random() }))
  const begin = performance.now()
  for (const blob of [...layers, config]) {
    if (!(await offerBlob(worker, v2, blob, [201]))) return
  }
  const image = manifest({
    config: descriptor(`${OCI}config.v1+json`, config),
    layers: layers.map((layer) => descriptor(`${OCI}layer.v1.tar`, layer)),
  })
  const headers = { 'Content-Type': `${OCI}manifest.v1+json` }
  const path = `${v2}/manifests/k${number(random, 1_000_000_000)}`
  const answer = await worker.registry.send({ method: 'PUT', path, headers, body: image })
  if (answer.status === 400) {
    // Nothing is promised to who takes longer than half the grace, nor of layers that somebody purges at this moment.
    const slow = performance.now() - begin > worker.graceSeconds * 500
    const purged = answer.body.toString('utf8').includes(digestOf(layers[0] as Buffer))
    return see(worker, slow ? 'push too slowly' : 'push what is purged', answer, slow || purged ? [400] : [])
  }
  see(worker, 'push an image to stay', answer, [201])
  if (answer.status !== 201) return
  worker.kept({ repository: v2, manifest: image, blobs: [...layers, config].map(digestOf) })
}

/** As clients do: what is there already is not sent again. */
async function offerBlob(
  worker: Worker,
  v2: string,
  body: Buffer,
  allowed: readonly number[] = [201, 403, 404],
): Promise<boolean> {
  const { status } = await worker.registry.head(`${v2}/blobs/${digestOf(body)}`)
  return status === 200 || (await pushBlob(worker, v2, body, allowed))
}

/** An artifact gets a label, or there is one label more to give. */
export async function labelArtifact(worker: Worker, api: string, tag: string): Promise<void> {
  const known = await worker.registry.get(`/api/v2.0/labels?scope=g&page_size=5`)
  const labels = known.status === 200 ? (JSON.parse(known.body.toString('utf8')) as { id: number }[]) : []
  if (labels.length < 3) {
    const made = await send(worker, 'POST', '/api/v2.0/labels', { name: `l${worker.random()}`, scope: 'g' })
    return see(worker, 'make a label', made, [201, 409])
  }
  const path = `${api}/artifacts/${tag}/labels`
  const answer = await send(worker, 'POST', path, { id: pick(worker.random, labels).id })
  see(worker, 'label an artifact', answer, [200, 404, 409])
}

/** The second project has little room now and then. */
async function changeLimit(worker: Worker): Promise<void> {
  const path = `/api/v2.0/projects/${worker.projects[1]}/summary`
  const answer = await worker.registry.get(path)
  if (answer.status !== 200) return
  const { quota } = JSON.parse(answer.body.toString('utf8')) as { quota: { used: { storage: number } } }
  const storage = worker.random() < 0.5 ? -1 : quota.used.storage + 500
  const id = worker.limited
  see(
    worker,
    'change a limit',
    await send(worker, 'PUT', `/api/v2.0/quotas/${id}`, { hard: { storage } }),
    [200],
  )
}

async function pushSignature(worker: Worker, v2: string, subject: Buffer, layer: Buffer): Promise<void> {
  const empty = Buffer.from('{}')
  await pushBlob(worker, v2, empty, [201, 403, 404])
  const signature = manifest({
    artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
    config: descriptor('application/vnd.oci.empty.v1+json', empty),
    layers: [descriptor(`${OCI}layer.v1.tar`, layer)],
    subject: descriptor(`${OCI}manifest.v1+json`, subject),
  })
  await putManifest(worker, v2, signature, digestOf(signature))
}

export async function pushBlob(
  worker: Worker,
  v2: string,
  body: Buffer,
  allowed: readonly number[],
): Promise<boolean> {
  const path = `${v2}/blobs/uploads/?digest=${digestOf(body)}`
  const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': body.length }
  const answer = await worker.registry.send({ method: 'POST', path, headers, body })
  see(worker, 'push a blob', answer, allowed)
  return answer.status === 201
}

/** 403: the project is full. 400 and 404: its blobs, its subject's repository or the repository itself went away meanwhile. */
export async function putManifest(
  worker: Worker,
  v2: string,
  body: Buffer,
  reference: string,
): Promise<boolean> {
  const { mediaType } = JSON.parse(body.toString('utf8')) as { mediaType: string }
  const headers = { 'Content-Type': mediaType }
  const path = `${v2}/manifests/${reference}`
  const answer = await worker.registry.send({ method: 'PUT', path, headers, body })
  see(worker, 'push a manifest', answer, [201, 400, 403, 404])
  return answer.status === 201
}

async function deleteSomeArtifact(worker: Worker, api: string): Promise<void> {
  const list = await worker.registry.get(`${api}/artifacts?page_size=20`)
  see(worker, 'list artifacts', list, [200, 404])
  if (list.status !== 200) return
  const artifacts = JSON.parse(list.body.toString('utf8')) as { digest: string }[]
  if (artifacts.length === 0) return
  const { digest } = pick(worker.random, artifacts)
  see(worker, 'delete artifact', await worker.registry.delete(`${api}/artifacts/${digest}`), [200, 404, 412])
}

export function see(worker: Worker, what: string, answer: Answer, allowed: readonly number[]): void {
  worker.saw(what, answer, allowed)
}

export function descriptor(mediaType: string, bytes: Buffer) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}

export function manifest(content: object): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: `${OCI}manifest.v1+json`, ...content }))
}

function index(manifests: object[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: `${OCI}index.v1+json`, manifests }))
}
