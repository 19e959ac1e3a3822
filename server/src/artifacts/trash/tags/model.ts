/** A tag that was deleted while its artifact stayed, and that can be restored. */
export interface TrashedTag {
  id: number
  repositoryId: number
  /** The project that holds the repository now, and the names of both. */
  projectId: number
  projectName: string
  repositoryName: string
  name: string
  /** What it named. */
  digest: string
  /** Where that is by now. */
  artifact: 'present' | 'trash' | 'gone'
  /** Who deleted it. */
  username: string
  deletionTime: Date
  expiryTime: Date
}
