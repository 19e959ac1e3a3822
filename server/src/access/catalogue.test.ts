import { expect, test } from 'vitest'
import { PROJECT_CATALOGUE, SYSTEM_CATALOGUE } from './catalogue.ts'
import { ADMINISTRATOR_PERMISSIONS, PROJECT_PERMISSIONS, SIGNED_IN_PERMISSIONS } from './permissions.ts'

test('each scope has the seventy entries of Harbor, each once', () => {
  expect(new Set(SYSTEM_CATALOGUE).size).toBe(70)
  expect(new Set(PROJECT_CATALOGUE).size).toBe(70)
})

test('every entry is a permission that decisions know', () => {
  const inSystem = new Set<string>([...SIGNED_IN_PERMISSIONS, ...ADMINISTRATOR_PERMISSIONS])
  const inProjects = new Set<string>(PROJECT_PERMISSIONS)

  expect(SYSTEM_CATALOGUE.filter((word) => !inSystem.has(word))).toEqual([])
  expect(PROJECT_CATALOGUE.filter((word) => !inProjects.has(word))).toEqual([])
})
