import { isObject } from './objects.ts'
import type { Processor } from './processor.ts'

export const CNAB_MANIFEST = 'application/vnd.cnab.manifest.v1'

const CHILD_TYPE = 'io.cnab.manifest.type'

/** Bundles of a cloud native application: an index, one child of which holds the bundle's description. */
export const cnab: Processor = {
  type: 'CNAB',
  async attributes(manifest, content) {
    const child = manifest.children.find((entry) => entry.annotations?.[CHILD_TYPE] === 'config')
    const holder = child && (await content.manifest(child.digest))
    const bundle = holder?.config && (await content.json(holder.config))
    return isObject(bundle) ? bundle : undefined
  },
}
