import { buffer } from 'node:stream/consumers'
import { isLightJson } from '../lib/json-weight.ts'
import { type Descriptor, type Manifest, parseManifest } from '../oci/manifest.ts'
import type { Content } from './processors/processor.ts'
import { type ArtifactsDeps, readManifest } from './service.ts'

/** A config larger than this is left unread. Registries take none that is larger either. */
const MAX_JSON_BYTES = 4 * 1024 * 1024
/** Nor one of more values or deeper: reading it would hold everybody else up. Ten times what the largest real ones have. */
const JSON_BOUNDS = { values: 20_000, depth: 100, names: 10_000 }

export type ContentDeps = Pick<
  ArtifactsDeps,
  'db' | 'findByName' | 'storage' | 'findReference' | 'manifestCache'
>

/**
 * What processors may read of a repository. Only what the repository itself offers, so that a manifest cannot
 * show blobs of others; nothing here renews a blob's grace.
 */
export function repositoryContent(
  deps: ContentDeps,
  repository: { projectId: number; name: string },
): Content {
  const key = { projectId: repository.projectId, repository: repository.name }

  async function open(blob: Pick<Descriptor, 'digest'>, maxBytes: number) {
    const stored = await deps.findByName({ ...key, digest: blob.digest })

    return stored && stored.size <= maxBytes ? await deps.storage.read(stored.key) : undefined
  }

  async function bytes(blob: Pick<Descriptor, 'digest'>, maxBytes: number): Promise<Buffer | undefined> {
    const stream = await open(blob, maxBytes)
    return stream && (await buffer(stream))
  }

  return {
    bytes,
    async json(blob) {
      const body = await bytes(blob, MAX_JSON_BYTES)
      try {
        return body && isLightJson(body, JSON_BOUNDS)
          ? (JSON.parse(body.toString('utf8')) as unknown)
          : undefined
      } catch {
        return undefined
      }
    },
    stream: (blob) => open(blob, Number.POSITIVE_INFINITY),
    async manifest(digest): Promise<Manifest | undefined> {
      const artifact = await deps.findReference({ ...key, digest })
      return artifact && parseManifest(await readManifest(deps, artifact), artifact.mediaType)
    },
  }
}
