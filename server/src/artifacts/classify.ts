import type { Manifest } from '../oci/manifest.ts'
import { type Accessory, accessoryOf } from './accessories/detect.ts'
import { customIcon } from './icons/custom.ts'
import type { Attributes, Content } from './processors/processor.ts'
import { storable } from './processors/storable.ts'
import { processorOf } from './processors/table.ts'

/** What an artifact is, beside what its manifest says. */
export interface Classification {
  type: string
  /** Media type of the config; of an index, that of the manifest. */
  configMediaType: string
  /** Empty: there is nothing to show. Undefined: what it stands in could not be read. */
  attributes: Attributes | undefined
  /** Digest of a layer that is the artifact's own icon. */
  icon: string | undefined
  accessory: Accessory | undefined
}

/**
 * Tells what a manifest is, with tags that it is pushed under. Reads the config and no more than that (of some
 * kinds nothing, of a few one blob beside it). Never rejects: what cannot be read is left out, and a store that
 * fails is heard of by the push itself.
 */
export async function classify(
  manifest: Manifest,
  tags: readonly string[],
  content: Content,
): Promise<Classification> {
  const { processor, configMediaType } = processorOf(manifest)
  const attributes = await processor.attributes(manifest, content).catch(nothing)

  return {
    type: processor.type,
    configMediaType,
    attributes: attributes && storable(attributes),
    icon: await customIcon(manifest, content).catch(nothing),
    accessory: accessoryOf(manifest, tags),
  }
}

function nothing(): undefined {
  return undefined
}
