import { effectiveActions } from '../../access/actions.ts'
import { decide } from '../../access/decide.ts'
import type { Principal, ProjectContext } from '../../access/model.ts'
import type { AccessEntry } from '../model.ts'
import type { Scope } from './scope.ts'

/** The live project of that name with the caller's roles in it. From `projects` and `members`. */
export type FindProject = (principal: Principal, projectName: string) => Promise<ProjectContext | undefined>

export interface Grant {
  access: AccessEntry[]
  /** Ids of the projects in which something is granted, by the name the scope used. */
  projects: Record<string, number>
}

/**
 * What the caller may do with the things in `scopes`, in the order of names. A project that is not there and
 * one that he may not see are granted the same: nothing.
 */
export async function grantScopes(
  findProject: FindProject,
  principal: Principal,
  scopes: readonly Scope[],
): Promise<Grant> {
  const names = new Set(scopes.map(projectOf).filter((name) => name !== undefined))
  const found = await Promise.all(
    [...names].map(async (name) => [name, await findProject(principal, name)] as const),
  )
  const contexts = new Map(found)

  const projects = new Map<string, number>()
  const access = scopes.map((scope) => {
    const name = projectOf(scope)
    const context = name === undefined ? undefined : contexts.get(name)
    const actions = context ? effectiveActions(principal, context) : systemActions(principal, scope)
    // The id of a project that he may not see would tell that it is there.
    if (name !== undefined && context && actions.length > 0) projects.set(name, context.id)
    return { ...scope, actions }
  })
  access.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return { access, projects: Object.fromEntries(projects) }
}

function systemActions(principal: Principal, { type, name }: Scope): string[] {
  const catalog = type === 'registry' && name === 'catalog'
  return catalog && decide(principal, 'catalog:read') ? ['*'] : []
}

/** A repository's project is what stands before the first slash; undefined for what is no repository of a project. */
export function projectOf({ type, name }: Scope): string | undefined {
  const slash = name.indexOf('/')
  const proper = slash > 0 && slash < name.length - 1 && !name.includes('\u0000')
  return type === 'repository' && proper ? name.slice(0, slash) : undefined
}
