import { DomainError } from '../platform/errors.ts'

/** The manifest refers to blobs or manifests that its repository does not have. */
export class ReferencesUnknownError extends Error {
  readonly digests: readonly string[]

  constructor(digests: readonly string[]) {
    super(`unknown to the repository: ${digests.join(', ')}`)
    this.name = 'ReferencesUnknownError'
    this.digests = digests
  }
}

/** The manifest gives a size that a blob or manifest it refers to does not have. */
export class ReferenceSizeError extends Error {
  readonly digest: string

  constructor(digest: string, said: number, actual: number) {
    super(`${digest} has ${actual} bytes, the manifest says ${said}`)
    this.name = 'ReferenceSizeError'
    this.digest = digest
  }
}

/** The artifact cannot go while an index lists it. */
export class ArtifactReferencedError extends DomainError {
  constructor(digest: string) {
    super('referenced', 'the deleting artifact is referenced by others', {
      detail: `${digest} is listed by an index of the repository`,
    })
    this.name = 'ArtifactReferencedError'
  }
}

/** A rule says that the tag stays what it is. */
export class ImmutableTagError extends DomainError {
  constructor(message: string) {
    super('precondition-failed', message)
    this.name = 'ImmutableTagError'
  }
}
