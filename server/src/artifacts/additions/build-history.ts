import type { Manifest } from '../../oci/manifest.ts'
import { isObject } from '../processors/objects.ts'
import type { Addition, Content } from '../processors/processor.ts'

/** How an image was built, layer by layer: `history` of its config. */
export async function buildHistory({ config }: Manifest, content: Content): Promise<Addition | undefined> {
  const value = config && (await content.json(config))
  if (!isObject(value)) return undefined

  return json(Array.isArray(value.history) ? value.history.filter(isObject) : [])
}

/** An addition that is JSON. */
export function json(value: unknown): Addition {
  return { mediaType: 'application/json', body: Buffer.from(JSON.stringify(value)) }
}
