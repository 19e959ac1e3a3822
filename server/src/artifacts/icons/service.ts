import { DomainError } from '../../platform/errors.ts'
import { type ContentDeps, repositoryContent } from '../content.ts'
import { findBuiltinIcon } from './builtin.ts'
import { MAX_ICON_BYTES, pictureType } from './custom.ts'
import { findIconHolder } from './store.ts'

/** A picture and its media type. */
export interface Icon {
  mediaType: string
  body: Buffer
}

/**
 * The icon of that digest: one that comes with the program, or a layer that some artifact has for its icon. Nothing
 * else can be read this way, and never as anything but a picture.
 */
export async function getIcon(deps: ContentDeps, digest: string): Promise<Icon> {
  const builtin = findBuiltinIcon(digest)
  if (builtin) return { mediaType: 'image/svg+xml', body: Buffer.from(builtin.svg) }

  const holder = await findIconHolder(deps.db, digest)
  const body = holder && (await repositoryContent(deps, holder).bytes({ digest }, MAX_ICON_BYTES))
  const mediaType = body && pictureType(body)
  if (!mediaType) throw new DomainError('not-found', `the icon ${digest} not found`)

  return { mediaType, body }
}
