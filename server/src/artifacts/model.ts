/** An artifact of a repository, as much as serving its manifest takes. */
export interface Artifact {
  id: number
  repositoryId: number
  digest: string
  mediaType: string
  /** Bytes of the manifest. */
  manifestSize: number
}

/** An artifact that refers to another one by `subject`. */
export interface Referrer extends Artifact {
  artifactType: string | undefined
  annotations: Record<string, string>
}

/** An artifact as lists show it. */
export interface ListedArtifact {
  id: number
  repositoryId: number
  projectId: number
  projectName: string
  /** Relative to the project. */
  repositoryName: string
  digest: string
  /** IMAGE, CHART, …; undefined: not classified yet. */
  type: string | undefined
  /** Digest of its own icon. */
  icon: string | undefined
  /** What users see of the config. */
  attributes: Record<string, unknown>
  /** Of the config; of an index, that of the manifest. */
  mediaType: string
  manifestMediaType: string
  artifactType: string | undefined
  /** Bytes of the manifest and everything it references. */
  size: number
  annotations: Record<string, string>
  pushTime: Date
  /** Undefined: never. */
  pullTime: Date | undefined
}

/** A tag with what is known of it. */
export interface ListedTag {
  id: number
  repositoryId: number
  artifactId: number
  name: string
  pushTime: Date
  /** Undefined: never. */
  pullTime: Date | undefined
  /** Whether a rule keeps it; told to those who ask for it. */
  immutable?: boolean
}

/** A child that an index lists. */
export interface ListedChild {
  parentId: number
  /** Undefined: it is not there. */
  childId: number | undefined
  digest: string
  platform: Record<string, unknown> | undefined
  annotations: Record<string, string> | undefined
}

/** An artifact that belongs to another one and goes with it: a signature, a list of contents. */
export interface ListedAccessory {
  id: number
  /** Undefined: it is not there. */
  subjectId: number | undefined
  subjectDigest: string
  /** Full name of the repository. */
  repository: string
  digest: string
  size: number
  type: string
  creationTime: Date
}
