/** A deleted artifact that can be restored, with what was deleted with it. */
export interface TrashedArtifact {
  id: number
  repositoryId: number
  /** The project that holds the repository now, and the names of both. */
  projectId: number
  projectName: string
  repositoryName: string
  digest: string
  mediaType: string
  artifactType: string | undefined
  /** Bytes of the manifest and all that it references. */
  size: number
  tags: string[]
  /** Who deleted it. */
  username: string
  deletionTime: Date
  expiryTime: Date
}

/** One of the manifests that were deleted together. */
export interface TrashedManifest {
  digest: string
  mediaType: string
  tags: string[]
  body: Buffer
}
