import { expect, test } from 'vitest'
import { checkLevel, type Entry, readEntries } from './grants.ts'

const pull = { resource: 'repository', action: 'pull' }
const push = { resource: 'repository', action: 'push', effect: 'allow' }
const inTeam = (...access: Entry['access']): Entry => ({ kind: 'project', namespace: 'team', access })
const inSystem: Entry = { kind: 'system', namespace: '/', access: [{ resource: 'user', action: 'list' }] }

test('each place and each permission is kept once, in the order given', () => {
  expect(readEntries('system', [inSystem, inTeam(push, pull), inTeam(pull)])).toEqual([
    inSystem,
    { kind: 'project', namespace: 'team', access: [push, pull] },
  ])
})

test.each<[string, Entry[], RegExp]>([
  ['no entry', [], /empty permission/],
  ['an entry of nothing', [inTeam()], /empty access/],
  ['an unknown kind', [{ ...inSystem, kind: 'galaxy' }], /permission scope: galaxy/],
  ['an unknown action', [inTeam({ resource: 'repository', action: 'fly' })], /permission: repository:fly/],
  ['a permission of the other scope', [{ ...inSystem, access: [pull] }], /permission: repository:pull/],
  ['a permission that robots never get', [inTeam({ resource: 'robot', action: 'update' })], /robot:update/],
  ['an effect that forbids', [inTeam({ ...pull, effect: 'deny' })], /effect: deny/],
])('%s is refused', (_what, entries, message) => {
  expect(() => readEntries('system', entries)).toThrow(message)
})

test('a robot of a project has exactly one entry, of a project', () => {
  expect(readEntries('project', [inTeam(pull)])).toHaveLength(1)
  expect(() => readEntries('project', [inTeam(pull), { ...inTeam(pull), namespace: 'other' }])).toThrow()
  expect(() => readEntries('project', [inTeam(pull), inTeam(push)])).toThrow()
  expect(() => readEntries('project', [inSystem])).toThrow()
})

test('there are two levels', () => {
  expect(['system', 'project'].map(checkLevel)).toEqual(['system', 'project'])
  expect(() => checkLevel('cosmic')).toThrow(/cosmic/)
})
