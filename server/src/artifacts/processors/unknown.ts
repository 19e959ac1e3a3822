import { isObject } from './objects.ts'
import type { Processor } from './processor.ts'

// How a config's media type names the kind of its artifact where nobody has registered it.
const NAMED = /^application\/vnd\.[^.]+\.(.+)\.config\.[^.]+\+json$/
const SKIP_LIST = 'io.goharbor.artifact.v1alpha1.skip-list'

/** Nothing to read: the config is there because an image manifest must have one. */
const EMPTY = new Set(['application/vnd.oci.empty.v1+json', 'application/vnd.oci.scratch.v1+json'])

/** Whatever has no processor of its own: named after its media type where that follows the custom. */
export function unknown(mediaType: string): Processor {
  return {
    type: NAMED.exec(mediaType)?.[1]?.toUpperCase() ?? 'UNKNOWN',
    async attributes({ config }, content) {
      if (!config || EMPTY.has(config.mediaType) || !config.mediaType.endsWith('json')) return {}
      const value = await content.json(config)
      if (!isObject(value)) return undefined

      // A set: both the names to skip and those that there are come from outside, and can be a million each.
      const skipped = new Set((config.annotations?.[SKIP_LIST] ?? '').split(',').map((name) => name.trim()))
      return Object.fromEntries(Object.entries(value).filter(([name]) => !skipped.has(name)))
    },
  }
}
