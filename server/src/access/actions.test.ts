import { describe, expect, it } from 'vitest'
import { effectiveActions } from './actions.ts'
import { ANONYMOUS, type Principal } from './model.ts'
import type { Role } from './roles.ts'

const ann: Principal = { kind: 'user', id: 7, username: 'ann', sysadmin: false, generation: 1 }

describe('the actions on the repositories of a project', () => {
  it.each<[Role, string[]]>([
    ['projectAdmin', ['delete', 'pull', 'push']],
    ['maintainer', ['delete', 'pull', 'push']],
    ['developer', ['pull', 'push']],
    ['guest', ['pull']],
    ['limitedGuest', ['pull']],
  ])('are for a %s %j', (role, actions) => {
    expect(effectiveActions(ann, { id: 1, public: false, roles: [role] })).toEqual(actions)
  })

  it('are none for a stranger in a private project, and pull in a public one', () => {
    expect(effectiveActions(ann, { id: 1, public: false, roles: [] })).toEqual([])
    expect(effectiveActions(ann, { id: 1, public: true, roles: [] })).toEqual(['pull'])
    expect(effectiveActions(ANONYMOUS, { id: 1, public: true, roles: [] })).toEqual(['pull'])
  })

  it('are all of them for the system administrator without any role', () => {
    const actions = effectiveActions({ ...ann, sysadmin: true }, { id: 1, public: false, roles: [] })

    expect(actions).toEqual(['delete', 'pull', 'push'])
  })
})
