import { createHash } from 'node:crypto'
import { json } from '../harness/http.ts'
import type { Registry } from '../harness/registry.ts'
import type { KeptImage } from './worker.ts'

interface ListedArtifact {
  digest: string
  tags: { name: string }[] | null
}

interface Content {
  config?: { digest: string; size: number }
  layers?: { digest: string; size: number }[]
  manifests?: { digest: string }[]
}

/**
 * What is wrong with a project once nobody changes it any more, told from the interface alone: lists against their totals and
 * counts, tags of both interfaces against each other, everything that is referenced against what can be pulled.
 * With `digests` of all that its artifacts reference, and `referenced`, their bytes, to be held against its quota.
 */
export async function checkProject(
  registry: Registry,
  project: string,
): Promise<{ faults: string[]; digests: string[]; referenced: number; used: number }> {
  const faults: string[] = []
  const sizes = new Map<string, number>()
  const root = `/api/v2.0/projects/${project}`
  const repositories = await pages<{ name: string; artifact_count: number }>(registry, `${root}/repositories`)
  for (const { name, artifact_count } of repositories.rows) {
    const api = `${root}/repositories/${name.slice(project.length + 1)}/artifacts`
    const listed = await pages<ListedArtifact>(registry, `${api}?sort=digest`)
    const distinct = new Set(listed.rows.map(({ digest }) => digest))
    if (distinct.size !== listed.rows.length || listed.total !== listed.rows.length) {
      faults.push(
        `${name} lists ${listed.rows.length} artifacts, ${distinct.size} distinct, of ${listed.total}`,
      )
    }
    if (artifact_count !== listed.total) faults.push(`${name} counts ${artifact_count} of ${listed.total}`)

    const shown = listed.rows.flatMap(({ tags }) => (tags ?? []).map((tag) => tag.name)).sort()
    const tags = json(await registry.get(`/v2/${name}/tags/list`)) as { tags: string[] | null }
    if (String(shown) !== String([...(tags.tags ?? [])].sort())) faults.push(`${name} shows tags ${shown}`)

    const all = await pages<ListedArtifact>(registry, `${api}?q=base=*`)
    const digests = [...distinct, ...all.rows.map(({ digest }) => digest)]
    faults.push(...(await followAll(registry, name, digests, sizes)))
  }
  const summary = json(await registry.get(`${root}/summary`)) as { quota: { used: { storage: number } } }

  return {
    faults,
    digests: [...sizes.keys()],
    referenced: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    used: summary.quota.used.storage,
  }
}

/** Pulls manifests, their children and referrers; notes the size of everything they name. */
async function followAll(
  registry: Registry,
  name: string,
  digests: readonly string[],
  sizes: Map<string, number>,
): Promise<string[]> {
  const faults: string[] = []
  const todo = [...digests]
  const done = new Set<string>()
  for (let digest = todo.pop(); digest !== undefined; digest = todo.pop()) {
    if (done.has(digest)) continue
    done.add(digest)
    const answer = await registry.get(`/v2/${name}/manifests/${digest}`)
    if (answer.status !== 200) {
      faults.push(`${name}@${digest} answers ${answer.status}`)
      continue
    }
    const content = json(answer) as Content
    sizes.set(digest, answer.body.length)
    for (const blob of [...(content.config ? [content.config] : []), ...(content.layers ?? [])]) {
      sizes.set(blob.digest, blob.size)
      const { status } = await registry.head(`/v2/${name}/blobs/${blob.digest}`)
      if (status !== 200) faults.push(`${name} has lost the blob ${blob.digest}`)
    }
    const referrers = json(await registry.get(`/v2/${name}/referrers/${digest}`)) as Content
    for (const child of [...(content.manifests ?? []), ...(referrers.manifests ?? [])])
      todo.push(child.digest)
  }
  return faults
}

async function pages<Row>(registry: Registry, path: string): Promise<{ rows: Row[]; total: number }> {
  const rows: Row[] = []
  const query = path.includes('?') ? '&' : '?'
  for (let page = 1; ; page += 1) {
    const answer = await registry.get(`${path}${query}page=${page}&page_size=7`)
    const found = json(answer) as Row[]
    rows.push(...found)
    if (found.length === 0) return { rows, total: Number(answer.headers['x-total-count']) }
  }
}

/** What is wrong with images that were taken and never deleted: they must be as they were pushed. */
export async function checkKept(registry: Registry, images: readonly KeptImage[]): Promise<string[]> {
  const faults: string[] = []
  for (const { repository, manifest, blobs } of images) {
    const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`
    const answer = await registry.get(`${repository}/manifests/${digest}`)
    if (!answer.body.equals(manifest)) faults.push(`${repository}@${digest} answers ${answer.status}`)
    for (const blob of blobs) {
      const { status, body } = await registry.get(`${repository}/blobs/${blob}`)
      const actual = `sha256:${createHash('sha256').update(body).digest('hex')}`
      if (actual !== blob) faults.push(`${repository} answers ${status} and ${actual} for ${blob}`)
    }
  }
  return faults
}
