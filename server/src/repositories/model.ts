/** A repository; `name` is relative to its project. */
export interface Repository {
  id: number
  projectId: number
  name: string
  /** Whether a manifest was ever pushed to it; before that nobody sees it. */
  published: boolean
}

/**
 * A repository as a caller was let in to it: in this project, under this name. Who writes into it holds it with
 * `heldAs`, so that a move to a project in which he may have no rights does not take him along.
 */
export type AdmittedRepository = Pick<Repository, 'id' | 'projectId' | 'name'>

/** A repository as lists show it. */
export interface ListedRepository {
  id: number
  projectId: number
  projectName: string
  /** Relative to the project. */
  name: string
  /** HTML in it is escaped. */
  description: string
  pullCount: number
  creationTime: Date
  updateTime: Date
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}

/**
 * A description as it is stored and told: without HTML, as Harbor's portal relies on. What is escaped already stays
 * as it is, so that scripts may read a description, and write it back.
 */
export function escapeDescription(text: string): string {
  return text.replace(/&(?:amp|lt|gt|#34|#39);|[&<>"']/g, (found) => ESCAPES[found] ?? found)
}
