import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { type Allowance, findExcess } from '../access/giving.ts'
import type { PermissionSet, Principal, ProjectContext, UserPrincipal } from '../access/model.ts'
import {
  PROJECT_PERMISSIONS,
  type ProjectPermission,
  ROLE_PERMISSIONS,
  SYSTEM_PERMISSIONS,
} from '../access/permissions.ts'
import { ROLE_IDS, type Role } from '../access/roles.ts'
import { allowanceOf, checkLevel, checkWords, grantsOf } from './model.ts'

const ann: UserPrincipal = { kind: 'user', id: 7, username: 'ann', sysadmin: false, generation: 1 }
const anyProjectWords = fc.subarray([...PROJECT_PERMISSIONS])
const anySystemWords = fc.subarray([...SYSTEM_PERMISSIONS])
const anyRoles = fc.subarray(Object.keys(ROLE_IDS) as Role[])
const anyAllowance = fc.record({ system: anySystemWords, project: anyProjectWords })
const anyProject = fc.record({ public: fc.boolean(), roles: anyRoles, words: anyProjectWords })

const contextOf = (project: {
  public: boolean
  roles: Role[]
  words: ProjectPermission[]
}): ProjectContext => ({
  id: 3,
  public: project.public,
  roles: project.roles,
  granted: new Set(project.words),
})

/** Ann with these roles of the system. */
function holding(user: UserPrincipal, ...allowances: Allowance[]): UserPrincipal {
  const grants = grantsOf(allowances)
  return grants === undefined ? user : { ...user, grants }
}

describe('a custom role', () => {
  it('of a project allows just what its words say, beside what everybody may', () => {
    fc.assert(
      fc.property(anyProjectWords, fc.constantFrom(...PROJECT_PERMISSIONS), (words, asked) => {
        const context: ProjectContext = { id: 3, public: false, roles: [], granted: new Set(words) }

        expect(decide(ann, asked, context)).toBe(words.includes(asked))
      }),
    )
  })

  it('of the system allows just the union of the words of all of them, in every project', () => {
    fc.assert(
      fc.property(fc.array(anyAllowance, { maxLength: 4 }), fc.nat(9), (allowances, id) => {
        const grants = grantsOf(allowances)
        const principal: Principal = grants ? { ...ann, grants } : ann
        for (const word of PROJECT_PERMISSIONS) {
          const given = allowances.some(({ project }) => project.includes(word))
          expect(decide(principal, word, { id, public: false, roles: [] })).toBe(given)
          expect(decideEverywhere(principal, word)).toBe(given)
        }
        for (const word of SYSTEM_PERMISSIONS) {
          const given = allowances.some(({ system }) => system.includes(word))
          expect(decide(principal, word)).toBe(given || decide(ann, word))
        }
      }),
    )
  })

  it('never takes anything away', () => {
    fc.assert(
      fc.property(anyProject, anyAllowance, anyProjectWords, anyRoles, (project, held, more, roles) => {
        const before: Principal = holding({ ...ann }, held)
        const after: Principal = holding({ ...ann }, held, { system: [], project: more })
        const wider = contextOf({
          ...project,
          roles: [...new Set([...project.roles, ...roles])],
          words: [...new Set([...project.words, ...more])],
        })
        for (const word of PROJECT_PERMISSIONS) {
          const allowed = decide(before, word, contextOf(project))
          if (allowed) expect(decide(after, word, wider)).toBe(true)
        }
      }),
    )
  })

  it('is narrowed by a token and never widened', () => {
    fc.assert(
      fc.property(anyProject, anyAllowance, anyAllowance, fc.boolean(), (project, held, limit, sysadmin) => {
        const free: UserPrincipal = holding({ ...ann, sysadmin }, held)
        const limited: Principal = { ...free, limits: holding(ann, limit).grants as PermissionSet }
        for (const word of PROJECT_PERMISSIONS) {
          if (decide(limited, word, contextOf(project))) {
            expect(decide(free, word, contextOf(project))).toBe(true)
          }
        }
        for (const word of SYSTEM_PERMISSIONS)
          if (decide(limited, word)) expect(decide(free, word)).toBe(true)
      }),
    )
  })
})

describe('giving', () => {
  it('leaves nobody with more than the giver, or with more than he had', () => {
    fc.assert(
      fc.property(anyProject, anyAllowance, anyProjectWords, (project, held, given) => {
        const giver: Principal = holding({ ...ann }, held)
        const excess = findExcess(giver, { system: [], project: given }, contextOf(project))
        const hidden = { ...contextOf(project), public: false }

        if (excess === undefined) {
          for (const word of given) expect(decide(giver, word, hidden)).toBe(true)
        } else {
          expect(given).toContain(excess)
          expect(decide(giver, excess as ProjectPermission, hidden)).toBe(false)
        }
      }),
    )
  })

  it('of a role of the system takes all of it everywhere', () => {
    fc.assert(
      fc.property(anyAllowance, anyAllowance, (held, given) => {
        const giver: Principal = holding({ ...ann }, held)
        const holds =
          given.system.every((word) => decide(giver, word)) &&
          given.project.every((word) => held.project.includes(word))

        expect(findExcess(giver, given) === undefined).toBe(holds)
      }),
    )
  })

  it.each(Object.keys(ROLE_IDS) as Role[])(
    'of the built-in role %s is for project administrators',
    (role) => {
      const allows = { system: [], project: [...ROLE_PERMISSIONS[role]] }

      expect(findExcess(ann, allows, { id: 1, public: false, roles: ['projectAdmin'] })).toBeUndefined()
    },
  )

  it('by a robot is measured by what robots can have', () => {
    const catalogued = ['repository:pull', 'repository:push'] as const
    const robot = (words: readonly ProjectPermission[]): Principal => ({
      kind: 'robot',
      id: 1,
      username: 'robot$x',
      permissions: { system: new Set(), everyProject: new Set(words), projects: new Map() },
    })
    const context: ProjectContext = { id: 1, public: true, roles: [] }
    const allows = { system: [], project: [...catalogued] }
    // No robot can have this one: it goes with the rest of a built-in role only.
    const more = { system: [], project: [...catalogued, 'repository:create' as const] }

    expect(findExcess(robot(catalogued), allows, context)).toBeUndefined()
    expect(findExcess(robot(['repository:push']), allows, context)).toBe('repository:pull')
    expect(findExcess(robot(catalogued), more, context)).toBe('repository:create')
    expect(findExcess(robot([...ROLE_PERMISSIONS.developer]), more, context)).toBeUndefined()
  })
})

test('built-in roles allow what the program says, whatever a row holds', () => {
  const allows = allowanceOf(2, 'developer', { system: ['user:delete'], project: ['project:delete'] })

  expect(allows).toEqual({ system: [], project: [...ROLE_PERMISSIONS.developer] })
})

test('words that this release does not know are no permissions', () => {
  const allows = allowanceOf(101, 'x', { system: ['moon:read'], project: ['tag:list', 'moon:read'] })

  expect(allows).toEqual({ system: [], project: ['tag:list'] })
})

test.each([
  ['project', { system: ['user:list'], project: [] }],
  ['project', { system: [], project: ['user:list'] }],
  ['system', { system: ['repository:push'], project: [] }],
  ['system', { system: ['__proto__:x'], project: [] }],
] as const)('a role at level %s with %j is refused', (level, words) => {
  expect(() => checkWords(level, words)).toThrow()
})

test.each([undefined, '', 'world'])('%j is no level', (level) => {
  expect(() => checkLevel(level)).toThrow(/project or system/)
})
