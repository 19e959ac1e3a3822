import { findExcess } from '../access/giving.ts'
import type { PermissionSet, Principal } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { wrongPassword } from './errors.ts'
import type { Admit } from './service.ts'

export interface ProtectionDeps {
  /** What roles of the system allow that user, as they are in this transaction; undefined: nothing. From `roles`. */
  findGrants(db: Database, userId: number): Promise<PermissionSet | undefined>
  /** Whether that user may do more than the caller in any project that he is a member of. From `members`. */
  surpassesInProjects(db: Database, principal: Principal, userId: number): Promise<boolean>
}

/**
 * Roles and robots may be given power over users, but none over administrators nor over those whose roles of the
 * system allow more than the caller may.
 */
export function protectTheGreater(deps: Pick<ProtectionDeps, 'findGrants'>, principal: Principal): Admit {
  return async (db, user) => {
    if (isAdministrator(principal) || isHimself(principal, user.id)) return
    const grants = await deps.findGrants(db, user.id)
    const more =
      grants && findExcess(principal, { system: [...grants.system], project: [...grants.everyProject] })
    if (user.sysadmin || more !== undefined) throw forbidden()
  }
}

/**
 * The same, for what makes the caller able to become the user: then what the user may in single projects counts too.
 * What everybody who has signed in may, creating projects among it, does not. The user himself is who he has shown to be as
 * long as nobody has changed his password since.
 */
export function protectFromTakeover(deps: ProtectionDeps, principal: Principal): Admit {
  const protect = protectTheGreater(deps, principal)
  return async (db, user) => {
    if (principal.kind === 'user' && isHimself(principal, user.id)) {
      if (principal.generation !== user.generation) throw wrongPassword()
      return
    }
    await protect(db, user)
    if (isAdministrator(principal)) return
    if (await deps.surpassesInProjects(db, principal, user.id)) throw forbidden()
  }
}

/** Whether this is a system administrator. */
export function isAdministrator(principal: Principal): boolean {
  return principal.kind === 'user' && principal.sysadmin
}

/** Whether the caller is that user. */
export function isHimself(principal: Principal, userId: number): boolean {
  return principal.kind === 'user' && principal.id === userId
}

function forbidden(): DomainError {
  return new DomainError('forbidden', 'the user may do more than you may')
}
