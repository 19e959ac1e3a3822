import { describe, expect, it } from 'vitest'
import { PROJECT_CATALOGUE } from './catalogue.ts'
import { findExcess } from './giving.ts'
import type { RobotPrincipal } from './model.ts'
import { type ProjectPermission, ROLE_PERMISSIONS } from './permissions.ts'

const project = { id: 1, public: true, roles: [] }
const robotWith = (words: readonly ProjectPermission[]): RobotPrincipal => ({
  kind: 'robot',
  id: 1,
  username: 'robot$x',
  permissions: { system: new Set(), everyProject: new Set(), projects: new Map([[1, new Set(words)]]) },
})
const excessOf = (words: readonly ProjectPermission[], given: Iterable<ProjectPermission>) =>
  findExcess(robotWith(words), { system: [], project: [...given] }, project)

describe('a robot', () => {
  it('does not give what no robot can have, but as part of a role that it has otherwise', () => {
    expect(excessOf(['member:create'], ['robot:update'])).toBe('robot:update')
    expect(excessOf(['member:create'], ['configuration:update'])).toBe('configuration:update')
    for (const role of Object.values(ROLE_PERMISSIONS)) {
      const held = PROJECT_CATALOGUE.filter((word) => role.has(word))
      expect(excessOf(held, role)).toBeUndefined()
      expect(excessOf(held.slice(1), role)).toBe(held[0])
    }
  })

  it('gives nothing in the system that it may not', () => {
    expect(findExcess(robotWith(PROJECT_CATALOGUE), { system: ['role:update'], project: [] })).toBe(
      'role:update',
    )
  })
})
