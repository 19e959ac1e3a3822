import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../access/decide.ts'
import type { UserPrincipal } from '../../access/model.ts'
import { PROJECT_PERMISSIONS } from '../../access/permissions.ts'
import { ROLE_IDS, type Role } from '../../access/roles.ts'
import {
  checkTokenName,
  isAccessToken,
  isInForce,
  limitsOf,
  newAccessToken,
  PRESETS,
  readScope,
} from './model.ts'

const words = { systemPermissions: [], projectPermissions: [] }

it('a token is new each time and known by its form', () => {
  const [one, two] = [newAccessToken(), newAccessToken()]

  expect(one).not.toBe(two)
  expect(isAccessToken(one)).toBe(true)
  expect(['', 'ptl_', `${one}x`, one.slice(1), ` ${one}`].filter(isAccessToken)).toEqual([])
})

it.each(['', '  ', 'a\u0000', 'a\n', 'a'.repeat(256)])('%j is no name', (name) => {
  expect(() => checkTokenName(name)).toThrow(/name of a token/)
})

it.each([
  { preset: 'some', ...words },
  { preset: 'custom', ...words },
  { preset: 'full', systemPermissions: ['user:list'], projectPermissions: [] },
  { preset: 'custom', systemPermissions: ['user:fly'], projectPermissions: [] },
  { preset: 'custom', systemPermissions: [], projectPermissions: ['user:list'] },
  { preset: 'custom', systemPermissions: ['user:list'], projectPermissions: [], projectIds: [1] },
])('the scope %j is refused', (sent) => {
  expect(() => readScope(sent)).toThrow()
})

it('counts until its end', () => {
  expect(isInForce({ expiryTime: new Date(1000) }, new Date(999))).toBe(true)
  expect(isInForce({ expiryTime: new Date(1000) }, new Date(1000))).toBe(false)
  expect(isInForce({}, new Date())).toBe(true)
})

describe('with a token in his hand', () => {
  const ann: UserPrincipal = { kind: 'user', id: 7, username: 'ann', sysadmin: false, generation: 1 }
  const anyScope = fc
    .record({
      preset: fc.constantFrom(...PRESETS),
      projectPermissions: fc.subarray([...PROJECT_PERMISSIONS], { minLength: 1 }),
      projectIds: fc.option(fc.subarray([1, 2, 3]), { nil: undefined }),
    })
    .map(({ preset, projectPermissions, projectIds }) =>
      readScope({
        preset,
        systemPermissions: [],
        projectPermissions: preset === 'custom' ? projectPermissions : [],
        ...(projectIds ? { projectIds } : {}),
      }),
    )

  it('nobody may more than without it, nor anything in a project that it is not for', () => {
    const roles = fc.subarray(Object.keys(ROLE_IDS) as Role[])
    const permission = fc.constantFrom(...PROJECT_PERMISSIONS)
    fc.assert(
      fc.property(
        anyScope,
        roles,
        permission,
        fc.boolean(),
        fc.constantFrom(1, 2, 3),
        (scope, held, word, sysadmin, id) => {
          const project = { id, public: false, roles: held }
          const plain = { ...ann, sysadmin }
          const may = decide({ ...plain, limits: limitsOf(scope) }, word, project)
          const outside = scope.projectIds !== undefined && !scope.projectIds.includes(id)
          return !may || (decide(plain, word, project) && !outside)
        },
      ),
    )
  })

  it('that only reads, an administrator changes nothing', () => {
    const principal = { ...ann, sysadmin: true, limits: limitsOf({ preset: 'read-only', ...words }) }
    const project = { id: 1, public: false, roles: [] }

    expect(decide(principal, 'repository:pull', project)).toBe(true)
    expect(decide(principal, 'user:list')).toBe(true)
    expect(decide(principal, 'repository:push', project)).toBe(false)
    expect(decide(principal, 'user:update')).toBe(false)
  })
})
