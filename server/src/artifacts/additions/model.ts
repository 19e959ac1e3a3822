import type { Descriptor, Manifest } from '../../oci/manifest.ts'
import type { Addition, Content } from '../processors/processor.ts'
import { MAX_FILE_BYTES, readArchive, tooLarge } from './archive.ts'
import { json } from './build-history.ts'
import { type FileEntry, fileTree } from './file-tree.ts'

const PATHS = ['org.cncf.model.filepath', 'org.cnai.model.filepath']
const DOCUMENT = /^application\/vnd\.(?:cncf|cnai)\.model\.doc\.v1\.(tar|raw)$/

/** The README that is a document of the model. */
export function modelReadme(manifest: Manifest, content: Content): Promise<Addition | undefined> {
  return document(manifest, content, ['README', 'README.md'], 'text/markdown')
}

/** The licence that is a document of the model. */
export function modelLicense(manifest: Manifest, content: Content): Promise<Addition | undefined> {
  return document(manifest, content, ['LICENSE', 'LICENSE.txt'], 'text/plain')
}

/** The files of a model as a tree, told from the annotations of its layers: nothing is unpacked for it. */
export async function modelFiles({ layers }: Manifest): Promise<Addition | undefined> {
  const files: FileEntry[] = layers.map((layer) => ({ path: pathOf(layer), size: layer.size }))

  return json(fileTree(files.filter((file) => file.path !== '')))
}

async function document(
  { layers }: Manifest,
  content: Content,
  names: string[],
  mediaType: Addition['mediaType'],
): Promise<Addition | undefined> {
  const layer = layers.find((entry) => DOCUMENT.test(entry.mediaType) && names.includes(pathOf(entry)))
  if (!layer) return undefined
  if (layer.size > MAX_FILE_BYTES) throw tooLarge(pathOf(layer))
  if (!layer.mediaType.endsWith('.tar')) {
    const body = await content.bytes(layer, MAX_FILE_BYTES)
    return body && { mediaType, body }
  }
  const source = await content.stream(layer)
  if (!source) return undefined
  const files = await readArchive(source, { gzip: false, wants: () => true, count: 1 })
  const [body] = files.values()

  return body && { mediaType, body }
}

function pathOf(layer: Descriptor): string {
  return PATHS.map((name) => layer.annotations?.[name]).find((path) => path !== undefined) ?? ''
}
