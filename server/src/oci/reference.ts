// Distribution specification, "Pulling manifests": the grammar of <name> and of a tag.
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/
const MAX_NAME_LENGTH = 255

export function isTag(text: string): boolean {
  return TAG.test(text)
}

/** A repository's full name taken apart: its first component is the project. */
export interface RepositoryName {
  full: string
  project: string
  /** Relative to the project; has slashes where the name is deeper. */
  repository: string
}

/**
 * Takes a repository name apart, or answers undefined where it is not one: against the grammar, longer
 * than 255 characters, or without a project.
 */
export function parseRepositoryName(full: string): RepositoryName | undefined {
  if (full.length > MAX_NAME_LENGTH) return undefined

  const components = full.split('/')
  if (components.length < 2 || !components.every((component) => COMPONENT.test(component))) return undefined

  const [project = '', ...rest] = components
  return { full, project, repository: rest.join('/') }
}
