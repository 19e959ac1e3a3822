import { describe, expect, it } from 'vitest'
import { decide } from './decide.ts'
import { ANONYMOUS, type Principal, type ProjectContext } from './model.ts'
import type { Permission } from './permissions.ts'
import type { Role } from './roles.ts'

/**
 * Whom a running Harbor let in, operation by operation, as recorded from it: one letter a caller, in the
 * order of CALLERS, `+` let in and `-` refused; first in a private project, then in a public one.
 */
const CALLERS = [
  'anonymous',
  'stranger',
  'limitedGuest',
  'guest',
  'developer',
  'maintainer',
  'projectAdmin',
  'sysadmin',
]
type Row = [operation: string, permission: Permission, inPrivate: string, inPublic: string]

const IN_PROJECTS: Row[] = [
  ['GET project', 'project:read', '--++++++', '++++++++'],
  ['PUT project', 'project:update', '------++', '------++'],
  ['DELETE project', 'project:delete', '------++', '------++'],
  ['GET members', 'member:list', '---+++++', '---+++++'],
  ['POST members', 'member:create', '------++', '------++'],
  ['GET member', 'member:read', '---+++++', '---+++++'],
  ['PUT member', 'member:update', '------++', '------++'],
  ['DELETE member', 'member:delete', '------++', '------++'],
  ['POST metadata', 'metadata:create', '------++', '------++'],
  ['GET metadata', 'metadata:read', '-----+++', '-----+++'],
  ['DELETE metadata', 'metadata:delete', '------++', '------++'],
  ['GET repositories', 'repository:list', '--++++++', '++++++++'],
  ['GET repository', 'repository:read', '--++++++', '--++++++'],
  ['PUT repository', 'repository:update', '----++++', '----++++'],
  ['DELETE repository', 'repository:delete', '-----+++', '-----+++'],
  ['GET artifacts', 'artifact:list', '--++++++', '++++++++'],
  ['GET artifact', 'artifact:read', '--++++++', '++++++++'],
  ['POST artifacts (copy)', 'artifact:create', '----++++', '----++++'],
  ['DELETE artifact', 'artifact:delete', '-----+++', '-----+++'],
  ['GET tags', 'tag:list', '--++++++', '++++++++'],
  ['POST tags', 'tag:create', '----++++', '----++++'],
  ['DELETE tag', 'tag:delete', '-----+++', '-----+++'],
  ['GET labels', 'label:list', '---+++++', '++++++++'],
  ['GET robots', 'robot:list', '---+++++', '---+++++'],
  ['GET projects/…/logs', 'log:list', '------++', '------++'],
]

/** About no project in particular: the same letters whatever the project is. */
const IN_SYSTEM: Row[] = [
  ['POST projects', 'project:create', '-+++++++', '-+++++++'],
  ['GET users', 'user:list', '-------+', '-------+'],
  ['POST users', 'user:create', '-------+', '-------+'],
  ['GET users/search', 'user:search', '-+++++++', '-+++++++'],
  ['GET users/{id} of another', 'user:read', '-------+', '-------+'],
  ['PUT users/{id} of another', 'user:update', '-------+', '-------+'],
  ['DELETE users/{id}', 'user:delete', '-------+', '-------+'],
  ['GET systeminfo/volumes', 'system-volumes:read', '-------+', '-------+'],
  ['POST system/oidc/ping', 'configuration:update', '-------+', '-------+'],
]

function principal(caller: string): Principal {
  if (caller === 'anonymous') return ANONYMOUS
  return { kind: 'user', id: 5, username: caller, sysadmin: caller === 'sysadmin', generation: 1 }
}

function context(caller: string, isPublic: boolean): ProjectContext {
  const without = ['anonymous', 'stranger', 'sysadmin'].includes(caller)
  return { id: 1, public: isPublic, roles: without ? [] : [caller as Role] }
}

describe('decisions agree with a recorded Harbor', () => {
  it.each(IN_SYSTEM)('%s needs %s in the system', (_operation, permission, recorded) => {
    const verdicts = CALLERS.map((caller) => (decide(principal(caller), permission) ? '+' : '-')).join('')

    expect(verdicts).toBe(recorded)
  })

  it.each(IN_PROJECTS)('%s needs %s', (_operation, permission, inPrivate, inPublic) => {
    const verdicts = (isPublic: boolean) =>
      CALLERS.map((caller) =>
        decide(principal(caller), permission, context(caller, isPublic)) ? '+' : '-',
      ).join('')

    expect(verdicts(false)).toBe(inPrivate)
    expect(verdicts(true)).toBe(inPublic)
  })
})
