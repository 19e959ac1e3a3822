import { isDigest } from '../oci/digest.ts'
import { isTag, parseRepositoryName, type RepositoryName } from '../oci/reference.ts'
import type { Caller } from './exchange.ts'

/** What a request wants to have, as its path says. */
export interface Target {
  kind: 'manifests' | 'blobs'
  name: RepositoryName
  /** A digest; a tag too, of a manifest. */
  reference: string
}

/** The same with who it is that wants it. */
export type Asked = Target & { caller: Caller }

/** Names that need no decoding, and no query. */
const PULLED = /^\/v2\/([a-z0-9._/-]+)\/(manifests|blobs)\/([A-Za-z0-9._:-]+)$/

/** What is pulled at a path; undefined where it is anything else, or odd. */
export function readTarget(url: string): Target | undefined {
  const [, full = '', kind, reference = ''] = PULLED.exec(url) ?? []
  const name = full === '' ? undefined : parseRepositoryName(full)
  if (!name) return undefined
  if (kind === 'blobs') return isDigest(reference) ? { kind, name, reference } : undefined

  return isDigest(reference) || isTag(reference) ? { kind: 'manifests', name, reference } : undefined
}

/** Where it is looked for, and for whom. */
export function keyOf({ name: { project, repository }, caller: { principal } }: Asked) {
  return { project, repository, userId: principal.kind === 'user' ? principal.id : undefined }
}
