import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from './decide.ts'
import { explain, type HeldRole } from './explain.ts'
import type { PermissionSet, Principal, ProjectContext } from './model.ts'
import { type Permission, PROJECT_PERMISSIONS, ROLE_PERMISSIONS, SYSTEM_PERMISSIONS } from './permissions.ts'
import { ROLE_IDS, type Role } from './roles.ts'

const anySet = fc.record({
  system: fc.subarray([...SYSTEM_PERMISSIONS]).map((words) => new Set(words)),
  everyProject: fc.subarray([...PROJECT_PERMISSIONS]).map((words) => new Set(words)),
  projects: fc
    .dictionary(fc.constantFrom('3', '4'), fc.subarray([...PROJECT_PERMISSIONS]))
    .map((held) => new Map(Object.entries(held).map(([id, words]) => [Number(id), new Set(words)]))),
})
const anyAllowance = fc.record({
  system: fc.subarray([...SYSTEM_PERMISSIONS]),
  project: fc.subarray([...PROJECT_PERMISSIONS]),
})
const anyHeld = fc.array(
  fc.record({ name: fc.string(), group: fc.option(fc.string(), { nil: undefined }), allows: anyAllowance }),
  { maxLength: 3 },
)
const anyWorld = fc.record({
  kind: fc.constantFrom('anonymous' as const, 'user' as const, 'robot' as const),
  sysadmin: fc.boolean(),
  limits: fc.option(anySet, { nil: undefined }),
  robot: anySet,
  builtIn: fc.subarray(Object.keys(ROLE_IDS) as Role[]),
  custom: anyHeld,
  inSystem: anyHeld,
  isPublic: fc.boolean(),
  inAProject: fc.boolean(),
})
type World = typeof anyWorld extends fc.Arbitrary<infer T> ? T : never

/** What a caller is, and what a project is to him, as `auth` and `members` make them of the same roles. */
function build(world: World) {
  const { inSystem, custom, builtIn } = world
  const grants: PermissionSet = {
    system: new Set(inSystem.flatMap(({ allows }) => allows.system)),
    everyProject: new Set(inSystem.flatMap(({ allows }) => allows.project)),
    projects: new Map(),
  }
  const base = { id: 7, username: 'x', generation: 1 }
  const user: Principal = {
    kind: 'user',
    ...base,
    sysadmin: world.sysadmin,
    grants,
    ...(world.limits ? { limits: world.limits } : {}),
  }
  const principals: Record<World['kind'], Principal> = {
    anonymous: { kind: 'anonymous' },
    robot: { kind: 'robot', ...base, permissions: world.robot },
    user,
  }
  const isUser = world.kind === 'user'
  const project: ProjectContext = {
    id: 3,
    public: world.isPublic,
    roles: isUser ? builtIn : [],
    granted: new Set(isUser ? custom.flatMap(({ allows }) => allows.project) : []),
  }
  const named = builtIn.map((role) => ({
    name: role,
    group: undefined,
    allows: { system: [], project: [...ROLE_PERMISSIONS[role]] },
  }))
  const held = { inProject: [...custom, ...named] as HeldRole[], inSystem: inSystem as HeldRole[] }
  return { principal: principals[world.kind], project: world.inAProject ? project : undefined, held }
}

describe('an explanation', () => {
  it('never differs from the decision, and has a ground just where it is a yes', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const { principal, project, held } = build(world)
        const words: readonly Permission[] = project ? PROJECT_PERMISSIONS : SYSTEM_PERMISSIONS
        for (const word of words) {
          const { allowed, reasons } = explain(principal, word, project, held)
          const limited = reasons.some(({ kind }) => kind === 'token-limits')
          expect(allowed).toBe(decide(principal, word, project))
          expect(allowed).toBe(reasons.length > 0 && !limited)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('names the role, and the group that it comes by', () => {
    const ann: Principal = { kind: 'user', id: 7, username: 'ann', generation: 1, sysadmin: false }
    const project: ProjectContext = { id: 3, public: true, roles: ['developer'] }
    const developer: HeldRole = {
      name: 'developer',
      group: 'writers',
      allows: { system: [], project: [...ROLE_PERMISSIONS.developer] },
    }
    const held = { inProject: [developer], inSystem: [] }

    expect(explain(ann, 'repository:push', project, held)).toEqual({
      allowed: true,
      reasons: [{ kind: 'project-role', role: 'developer', group: 'writers' }],
    })
    expect(explain(ann, 'repository:pull', project, held).reasons.map(({ kind }) => kind)).toEqual([
      'public',
      'project-role',
    ])
    expect(explain(ann, 'repository:delete', project, held)).toEqual({ allowed: false, reasons: [] })
  })
})
