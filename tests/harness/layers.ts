import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type Descriptor, digestOf } from './content.ts'
import type { Answer } from './http.ts'
import type { Registry } from './registry.ts'

interface Manifest {
  mediaType?: string
  manifests?: Descriptor[]
  config?: Descriptor
  layers?: Descriptor[]
}

/** Reads content by its digest: from a registry, or from a directory. */
type Fetch = (digest: string) => Promise<Buffer>

/**
 * Every layer of an image, or of all images of an index in their order, as bytes whose digests were checked.
 */
async function layersOf(manifest: Buffer, manifests: Fetch, blobs: Fetch): Promise<Buffer[]> {
  const { manifests: children, layers = [] } = JSON.parse(manifest.toString('utf8')) as Manifest
  const found: Buffer[] = []
  for (const child of children ?? []) {
    found.push(...(await layersOf(verified(await manifests(child.digest), child), manifests, blobs)))
  }
  for (const layer of layers) {
    found.push(verified(await blobs(layer.digest), layer))
  }
  return found
}

/** Every layer of what a registry has under a name. */
export async function layersInRegistry(
  registry: Registry,
  repository: string,
  reference: string,
): Promise<Buffer[]> {
  const from = (kind: string) => async (name: string) =>
    bodyOf(await registry.get(`/v2/${repository}/${kind}/${name}`))
  return layersOf(await from('manifests')(reference), from('manifests'), from('blobs'))
}

/** Every layer of an image in an OCI layout. */
export async function layersInLayout(directory: string): Promise<Buffer[]> {
  const blob: Fetch = (digest) => readFile(path.join(directory, 'blobs', ...digest.split(':')))
  return layersOf(await readFile(path.join(directory, 'index.json')), blob, blob)
}

/** Every layer of an image that skopeo has put into a `dir:`. */
export async function layersInDirectory(directory: string): Promise<Buffer[]> {
  const blob: Fetch = (digest) => readFile(path.join(directory, digest.replace(/^.*:/, '')))
  return layersOf(await readFile(path.join(directory, 'manifest.json')), blob, blob)
}

/** The bytes that a container engine has in its storage, where a registry may have them compressed. */
export function unpacked(layer: Buffer): Buffer {
  return layer.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b])) ? gunzipSync(layer) : layer
}

function verified(bytes: Buffer, { digest, size }: Descriptor): Buffer {
  if (bytes.length !== size || digestOf(bytes) !== digest) {
    throw new Error(`${digest} has other bytes than its digest and size say`)
  }
  return bytes
}

function bodyOf(answer: Answer): Buffer {
  if (answer.status !== 200) {
    throw new Error(`not there: ${answer.status} ${answer.body.toString('utf8')}`)
  }
  return answer.body
}
