import type { Manifest } from '../../oci/manifest.ts'
import { buildHistory } from '../additions/build-history.ts'
import { imageAttributes } from './image.ts'
import { isObject } from './objects.ts'
import type { Processor } from './processor.ts'

export const WASM_CONFIG = 'application/vnd.wasm.config.v1+json'

const TITLE = 'org.opencontainers.image.title'

/** Whether an image says by annotations that what runs in it is a WebAssembly module. */
export function isWasmImage({ annotations }: Manifest): boolean {
  return annotations['module.wasm.image/variant'] === 'compat' || annotations['run.oci.handler'] === 'wasm'
}

/** WebAssembly modules, bare or as an image that says so. */
export const wasm: Processor = {
  type: 'WASM',
  async attributes(manifest, content) {
    const [layer] = manifest.layers
    const own = { 'manifest.config.mediaType': manifest.config?.mediaType }
    if (!isWasmImage(manifest)) {
      return {
        ...own,
        ...(layer && {
          'manifest.layers.mediaType': layer.mediaType,
          [TITLE]: layer.annotations?.[TITLE] ?? '',
        }),
      }
    }
    const config = manifest.config && (await content.json(manifest.config))
    return isObject(config) ? { ...own, ...imageAttributes(config) } : undefined
  },
  additions: { build_history: buildHistory },
}
