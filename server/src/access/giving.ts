import { PROJECT_CATALOGUE } from './catalogue.ts'
import { decide, decideEverywhere } from './decide.ts'
import type { Principal, ProjectContext } from './model.ts'
import { type ProjectPermission, ROLE_PERMISSIONS, type SystemPermission } from './permissions.ts'

/** What a role allows, by where it holds. */
export interface Allowance {
  system: readonly SystemPermission[]
  project: readonly ProjectPermission[]
}

/**
 * The first permission that the caller cannot give to others, because he may not use it himself: in the project
 * where one is named, else in the system and in every project. What everybody may do in a public project
 * is not his to give: the project may be private tomorrow. Words that no robot can have a robot gives as part
 * of a role of Harbor's which it has otherwise, else none could ever add a member.
 */
export function findExcess(
  principal: Principal,
  { system, project }: Allowance,
  where?: ProjectContext,
): string | undefined {
  return (
    system.find((word) => !decide(principal, word)) ??
    project.find((word) => !holds(principal, word, where) && !standsInFor(principal, word, where))
  )
}

function holds(principal: Principal, word: ProjectPermission, where: ProjectContext | undefined): boolean {
  return where === undefined
    ? decideEverywhere(principal, word)
    : decide(principal, word, { ...where, public: false })
}

/** Whether a robot has all that a robot can have of a role of Harbor's with this word, which no robot can have. */
function standsInFor(
  principal: Principal,
  word: ProjectPermission,
  where: ProjectContext | undefined,
): boolean {
  if (principal.kind !== 'robot' || PROJECT_CATALOGUE.includes(word)) return false
  return Object.values(ROLE_PERMISSIONS).some(
    (role) =>
      role.has(word) &&
      PROJECT_CATALOGUE.every((other) => !role.has(other) || holds(principal, other, where)),
  )
}
