/** Digest algorithms that content may be pushed and pulled with (image specification, descriptor.md). */
export const ALGORITHMS = { sha256: 64, sha512: 128 } as const
export type Algorithm = keyof typeof ALGORITHMS

const SUPPORTED = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/
// Twice that of the longest registered algorithm, and more.
const MAX_LENGTH = 512
const GRAMMAR = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/

/** Whether this is a digest of an algorithm that we can compute and compare. */
export function isDigest(text: string): boolean {
  return SUPPORTED.test(text)
}

/**
 * Whether this has the form of a digest, of whatever algorithm (image specification, descriptor.md#digests),
 * and the length of one: what is kept of it goes into an index.
 */
export function looksLikeDigest(text: string): boolean {
  return text.length <= MAX_LENGTH && GRAMMAR.test(text)
}

export function isAlgorithm(text: string): text is Algorithm {
  return Object.hasOwn(ALGORITHMS, text)
}

/** The algorithm of a digest for which `isDigest` holds. */
export function algorithmOf(digest: string): Algorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256'
}
