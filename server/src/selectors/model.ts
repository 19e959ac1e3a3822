/** A selector in the words in which rules are stored: Harbor's. */
export interface Selector {
  /** `doublestar` as in Harbor; `regex`, `semver` and `expression` are ours. */
  kind: string
  /** `matches` and `excludes` for tags, `repoMatches` and `repoExcludes` for repositories. */
  decoration: string
  pattern: string
  /** JSON text; for tags `{"untagged": true}` says that artifacts without a tag are meant too. */
  extras?: string
}

/** What selectors look at. */
export interface Candidate {
  /** Relative to its project. */
  repository: string
  tags: readonly string[]
  labels: readonly string[]
}

/** Whether a name fits; labels are those of the artifact that bears it. */
export type NameTest = (name: string, labels: readonly string[]) => boolean
