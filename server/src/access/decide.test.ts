import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, decideEverywhere, permissionsIn } from './decide.ts'
import { ANONYMOUS, type Principal, type ProjectContext } from './model.ts'
import {
  ADMINISTRATOR_PERMISSIONS,
  type Permission,
  PROJECT_PERMISSIONS,
  type ProjectPermission,
  PUBLIC_PERMISSIONS,
  ROLE_PERMISSIONS,
  SIGNED_IN_PERMISSIONS,
} from './permissions.ts'
import { ROLE_IDS, type Role } from './roles.ts'

const ann: Principal = { kind: 'user', id: 7, username: 'ann', sysadmin: false, generation: 1 }
const administrator: Principal = { ...ann, id: 1, username: 'admin', sysadmin: true }
const ROLES = Object.keys(ROLE_IDS) as Role[]
const SYSTEM_PERMISSIONS = [...SIGNED_IN_PERMISSIONS, ...ADMINISTRATOR_PERMISSIONS]
const READING = new Set(['read', 'list', 'pull'])

const project = (roles: readonly Role[], isPublic = false): ProjectContext => ({
  id: 3,
  public: isPublic,
  roles,
})

/** Who may do it, from least to most: the first role of the chain that is let in. */
const CHAIN = ['limitedGuest', 'guest', 'developer', 'maintainer', 'projectAdmin'] as const
const TABLE: Record<(typeof CHAIN)[number], string> = {
  limitedGuest: `project:read quota:read repository:read repository:list repository:pull configuration:read
    scan:read sbom:read scanner:read tag:list accessory:list artifact:read artifact:list artifact-addition:read`,
  guest: 'member:read member:list label:read label:list robot:read robot:list',
  developer: `repository:create repository:update repository:push tag-retention:create tag-retention:read
    tag-retention:update tag-retention:delete tag-retention:list tag-retention:operate artifact:create tag:create
    artifact-label:create artifact-label:delete export-cve:create export-cve:read export-cve:list`,
  maintainer: `metadata:read label:create label:update label:delete repository:delete immutable-tag:create
    immutable-tag:update immutable-tag:delete immutable-tag:list notification-policy:list notification-policy:read
    scan:create scan:stop sbom:create sbom:stop artifact:delete tag:delete`,
  projectAdmin: `project:update project:delete member:create member:update member:delete metadata:create
    metadata:update metadata:delete log:list configuration:update robot:create robot:update robot:delete
    notification-policy:create notification-policy:update notification-policy:delete scanner:create
    preheat-policy:create preheat-policy:read preheat-policy:update preheat-policy:delete preheat-policy:list`,
}
const rows = CHAIN.flatMap((role, rank) =>
  TABLE[role].split(/\s+/).map((permission) => [permission as Permission, rank] as const),
)

describe('the roles of a private project', () => {
  it('leave no permission out of the table', () => {
    expect([...rows.map(([permission]) => permission), 'metadata:list'].sort()).toEqual(
      [...PROJECT_PERMISSIONS].sort(),
    )
  })

  it.each(rows)('%s is allowed from the role of rank %i on', (permission, rank) => {
    const allowed = CHAIN.map((role) => decide(ann, permission, project([role])))

    expect(allowed).toEqual(CHAIN.map((_, index) => index >= rank))
  })

  it.each(rows)('%s is refused to strangers and to anonymous callers', (permission) => {
    expect(decide(ann, permission, project([]))).toBe(false)
    expect(decide(ANONYMOUS, permission, project([]))).toBe(false)
  })

  it.each(rows)('%s holds in no project that nobody named', (permission) => {
    expect(decideEverywhere(ann, permission as ProjectPermission)).toBe(false)
    expect(decideEverywhere(administrator, permission as ProjectPermission)).toBe(true)
  })
})

describe('a public project', () => {
  it.each(rows)('shows %s to strangers exactly as far as it is public', (permission) => {
    const shown = (PUBLIC_PERMISSIONS as ReadonlySet<Permission>).has(permission)

    expect(decide(ANONYMOUS, permission, project([], true))).toBe(shown)
    expect(decide(ann, permission, project([], true))).toBe(shown)
  })

  it('adds its public permissions to those of a role', () => {
    expect(decide(ann, 'label:read', project(['limitedGuest'], true))).toBe(true)
    expect(decide(ann, 'repository:read', project(['limitedGuest'], true))).toBe(true)
  })

  it('keeps its members, its settings and its repository records to its members', () => {
    for (const permission of ['member:list', 'metadata:read', 'repository:read', 'quota:read'] as const) {
      expect(decide(ann, permission, project([], true)), permission).toBe(false)
    }
  })
})

describe('system-wide permissions', () => {
  it.each(SIGNED_IN_PERMISSIONS)('%s is for everybody who has signed in', (permission) => {
    expect(decide(ann, permission)).toBe(true)
    expect(decide(ANONYMOUS, permission)).toBe(false)
  })

  it.each(ADMINISTRATOR_PERMISSIONS)('%s is for the system administrator alone', (permission) => {
    expect(decide(administrator, permission)).toBe(true)
    expect(decide(ann, permission)).toBe(false)
    expect(decide(ANONYMOUS, permission)).toBe(false)
  })
})

describe('whoever asks', () => {
  const anyPermission = fc.constantFrom<Permission>(...PROJECT_PERMISSIONS, ...SYSTEM_PERMISSIONS)
  const anyProject = fc.record({ id: fc.nat(), public: fc.boolean(), roles: fc.subarray(ROLES) })

  it('the system administrator may do everything everywhere', () => {
    fc.assert(
      fc.property(anyPermission, fc.option(anyProject, { nil: undefined }), (permission, where) =>
        decide(administrator, permission, where),
      ),
    )
  })

  it('an anonymous caller changes nothing, whatever roles the project is said to give him', () => {
    fc.assert(
      fc.property(anyPermission, anyProject, (permission, where) => {
        const [, action = ''] = permission.split(':')
        return READING.has(action) || !decide(ANONYMOUS, permission, where)
      }),
    )
  })

  it('an anonymous caller sees no private project', () => {
    fc.assert(
      fc.property(
        anyPermission,
        anyProject,
        (permission, where) => !decide(ANONYMOUS, permission, { ...where, public: false }),
      ),
    )
  })

  it('several roles allow what one of them allows', () => {
    fc.assert(
      fc.property(anyPermission, fc.subarray(ROLES), (permission, roles) => {
        const together = decide(ann, permission, project(roles))
        const apart =
          decide(ann, permission, project([])) ||
          roles.some((role) => decide(ann, permission, project([role])))
        return together === apart
      }),
    )
  })

  it('making a project public takes nothing from anybody', () => {
    fc.assert(
      fc.property(
        anyPermission,
        anyProject,
        (permission, where) =>
          !decide(ann, permission, { ...where, public: false }) ||
          decide(ann, permission, { ...where, public: true }),
      ),
    )
  })
})

describe('the list of what one may do in a project', () => {
  it.each([
    ['limitedGuest', 14],
    ['guest', 20],
    ['developer', 36],
    ['maintainer', 53],
    ['projectAdmin', 75],
  ] as const)('has for the role %s all %i entries that Harbor shows', (role, count) => {
    expect(permissionsIn(ann, project([role]))).toHaveLength(count)
    expect(ROLE_PERMISSIONS[role].size).toBe(count)
  })

  it('is empty for a stranger and whole for the system administrator', () => {
    expect(permissionsIn(ann, project([]))).toEqual([])
    expect(permissionsIn(administrator, project([]))).toEqual([...PROJECT_PERMISSIONS])
  })
})
