import type { Skip } from './step.ts'

/**
 * What neither Node, Debian, Go nor Python can bring, and may therefore be skipped even where `CI=true`.
 * Everything else that is skipped there counts as a failure.
 */
const MAY_BE_MISSING: { name: RegExp; because: string }[] = [
  { name: /^the official conformance suite/, because: 'OCI_CONFORMANCE names no binary' },
  { name: /^the contract of Harbor/, because: 'the recording is not part of this repository' },
  { name: /^a data directory that may not be written/, because: 'root may write everywhere' },
]

/** The skips that a continuous integration run does not forgive. */
export function unforgivable(skipped: readonly Skip[]): Skip[] {
  return skipped.filter((skip) => !MAY_BE_MISSING.some(({ name }) => name.test(skip.name)))
}
