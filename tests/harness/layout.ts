import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { succeed } from './command.ts'
import {
  blob,
  CONFIG,
  type Content,
  type Descriptor,
  descriptorOf,
  digestOf,
  image,
  index,
  LAYER,
} from './content.ts'

export interface Layout {
  directory: string
  /** The layers as they lie in the layout, compressed, in the order of the image or images. */
  layers: Buffer[]
}

/**
 * Writes an OCI image layout with one image of two layers per architecture; with more than one there is an
 * index over them. What is in it stands under the tag `latest`.
 */
export async function writeLayout(directory: string, architectures: string[] = ['amd64']): Promise<Layout> {
  await mkdir(path.join(directory, 'blobs', 'sha256'), { recursive: true })
  const layers: Buffer[] = []
  const images: Descriptor[] = []
  for (const architecture of architectures) {
    const own = [await tarball(directory), await tarball(directory)]
    const manifest = image({
      config: descriptorOf(configOf(architecture, own)),
      layers: own.map(descriptorOf),
    })
    for (const content of [...own, configOf(architecture, own), manifest]) {
      await writeBlob(directory, content)
    }
    layers.push(...own.map((content) => content.bytes))
    images.push({ ...descriptorOf(manifest), platform: { os: 'linux', architecture } })
  }

  const top = await topOf(directory, images)
  const named = { ...top, annotations: { 'org.opencontainers.image.ref.name': 'latest' } }
  await writeFile(
    path.join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [named] }),
  )
  await writeFile(path.join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  return { directory, layers }
}

/** A gzipped tar archive with one file of random content. */
export async function tarball(scratch: string): Promise<Content> {
  const name = randomBytes(6).toString('hex')
  const source = path.join(scratch, `source-${name}`)
  await mkdir(source)
  await writeFile(path.join(source, `${name}.bin`), randomBytes(100_000))
  const file = path.join(scratch, `source-${name}.tgz`)
  await succeed('tar', ['--create', '--gzip', '--file', file, '--directory', source, `${name}.bin`])
  return blob(await readFile(file), LAYER)
}

async function topOf(directory: string, images: Descriptor[]): Promise<Descriptor> {
  const [only, ...others] = images
  if (only !== undefined && others.length === 0) {
    return only
  }
  const list = index(images)
  await writeBlob(directory, list)
  return descriptorOf(list)
}

function configOf(architecture: string, layers: Content[]): Content {
  const fields = {
    architecture,
    os: 'linux',
    config: { Cmd: ['/hello'] },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(gunzipSync(layer.bytes))) },
    history: layers.map(() => ({ created_by: 'a test' })),
  }
  return blob(JSON.stringify(fields), CONFIG)
}

function writeBlob(directory: string, content: Content): Promise<void> {
  return writeFile(path.join(directory, 'blobs', ...content.digest.split(':')), content.bytes)
}
