import type { Contexts } from '../members/contexts.ts'
import { DomainError } from '../platform/errors.ts'
import { EVERY_PROJECT, type WantedGrant } from './grants.ts'
import type { Grant } from './model.ts'

/** Names of the projects that the entries speak of. */
export function projectNames(wanted: readonly WantedGrant[]): string[] {
  return wanted.flatMap(({ kind, namespace }) =>
    kind === 'project' && namespace !== EVERY_PROJECT && !namespace.includes('\u0000') ? [namespace] : [],
  )
}

/** Names become ids, two names of one project one entry. Throws not-found for a project that is none. */
export function resolveGrants(wanted: readonly WantedGrant[], contexts: Contexts): Grant[] {
  const grants = new Map<number | WantedGrant, Grant>()
  for (const entry of wanted) {
    const { kind, namespace, access } = entry
    if (kind === 'system' || namespace === EVERY_PROJECT) {
      grants.set(entry, kind === 'system' ? { kind, access } : { kind, access })
      continue
    }
    const context = contexts.get(namespace)
    if (!context) throw new DomainError('not-found', `project ${namespace} not found`)
    const before = grants.get(context.id)?.access ?? []
    const more = access.filter(
      (one) => !before.some((other) => other.resource === one.resource && other.action === one.action),
    )
    const project = { id: context.id, name: context.name }
    grants.set(context.id, { kind, project, access: [...before, ...more] })
  }
  return [...grants.values()]
}
