import { expect, test } from 'vitest'
import { checkRole } from './model.ts'

test('the five ids are roles', () => {
  const roles = [1, 2, 3, 4, 5].map(checkRole)

  expect(roles).toEqual(['projectAdmin', 'developer', 'guest', 'maintainer', 'limitedGuest'])
})

test.each([0, 6, -1, 1.5, undefined])('%s is none', (id) => {
  expect(() => checkRole(id)).toThrow(/role_id must be one of/)
})
