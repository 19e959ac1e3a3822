import type { Descriptor } from './content.ts'
import { type Answer, json } from './http.ts'
import type { Repository } from './repository.ts'

/** Asks for what refers to a digest, of one artifact type where it is given. */
export function getReferrers(repository: Repository, digest: string, artifactType?: string): Promise<Answer> {
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`
  return repository.registry.get(repository.at(`referrers/${digest}${query}`))
}

/** The descriptors that an answer lists. */
export function manifestsOf(answer: Answer): Descriptor[] {
  return (json(answer) as { manifests: Descriptor[] }).manifests
}

export function digestsOf(answer: Answer): string[] {
  return manifestsOf(answer).map((descriptor) => descriptor.digest)
}
