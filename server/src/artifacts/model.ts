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
