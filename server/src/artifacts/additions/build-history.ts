import type { Manifest } from '../../oci/manifest.ts'
import { isObject, type JsonObject } from '../processors/objects.ts'
import type { Addition, Content } from '../processors/processor.ts'

/** How an image was built, layer by layer: `history` of its config. */
export async function buildHistory({ config }: Manifest, content: Content): Promise<Addition | undefined> {
  const value = config && (await content.json(config))
  if (!isObject(value)) return undefined

  return json(Array.isArray(value.history) ? value.history.filter(isObject).map(plainFields) : [])
}

/** The fields of a step are texts and flags; whatever else stands there may be deeper than JSON can be written. */
function plainFields(step: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(step).filter(([, field]) => typeof field !== 'object'))
}

/** An addition that is JSON. */
export function json(value: unknown): Addition {
  return { mediaType: 'application/json', body: Buffer.from(JSON.stringify(value)) }
}
