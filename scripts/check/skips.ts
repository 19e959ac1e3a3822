import type { Skip } from './step.ts'

/**
 * What neither Node, Debian, Go nor Python can bring, and may therefore be skipped even where `CI=true`.
 * Everything else that is skipped there counts as a failure.
 */
const MAY_BE_MISSING: { skip: RegExp; because: string }[] = [
  { skip: /^the official conformance suite/, because: 'OCI_CONFORMANCE names no binary' },
  { skip: /^the contract of Harbor/, because: 'the recording is not part of this repository' },
  { skip: /: only root can/, because: 'no package makes a user root' },
  { skip: /so that no key is taken$/, because: 'a store that places objects freely has no key to take' },
]

/** A skip as it is printed: the test's name, and the reason where the name does not say it. */
export function describeSkip({ name, reason }: Skip): string {
  return reason === undefined ? name : `${name}: ${reason}`
}

/** The skips that a continuous integration run does not forgive. */
export function unforgivable(skipped: readonly Skip[]): Skip[] {
  return skipped.filter((entry) => !MAY_BE_MISSING.some(({ skip }) => skip.test(describeSkip(entry))))
}
