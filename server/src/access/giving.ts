import { PROJECT_CATALOGUE, SYSTEM_CATALOGUE } from './catalogue.ts'
import { decide, decideEverywhere } from './decide.ts'
import type { Principal, ProjectContext } from './model.ts'
import type { ProjectPermission, SystemPermission } from './permissions.ts'

/** What a role allows, by where it holds. */
export interface Allowance {
  system: readonly SystemPermission[]
  project: readonly ProjectPermission[]
}

/**
 * The first permission that the caller cannot give to others, because he may not use it himself: in the project
 * where one is named, else in the system and in every project. What everybody may do in a public project
 * is not his to give: the project may be private tomorrow. Of robots only those words are asked that a
 * robot can have at all, else none could ever add a member.
 */
export function findExcess(
  principal: Principal,
  { system, project }: Allowance,
  where?: ProjectContext,
): string | undefined {
  const isRobot = principal.kind === 'robot'
  const inSystem = isRobot ? system.filter((word) => SYSTEM_CATALOGUE.includes(word)) : system
  const inProject = isRobot ? project.filter((word) => PROJECT_CATALOGUE.includes(word)) : project
  return (
    inSystem.find((word) => !decide(principal, word)) ??
    inProject.find((word) =>
      where === undefined
        ? !decideEverywhere(principal, word)
        : !decide(principal, word, { ...where, public: false }),
    )
  )
}
