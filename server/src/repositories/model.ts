/** A repository; `name` is relative to its project. */
export interface Repository {
  id: number
  projectId: number
  name: string
  /** Whether a manifest was ever pushed to it; before that nobody sees it. */
  published: boolean
}
