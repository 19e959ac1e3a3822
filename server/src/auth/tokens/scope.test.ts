import { describe, expect, it } from 'vitest'
import { parseScopes } from './scope.ts'

const repository = (name: string) => ({ type: 'repository', name })

describe('scopes', () => {
  it.each<[string[], object[]]>([
    [[], []],
    [[''], []],
    [['repository:a/b:pull'], [repository('a/b')]],
    [
      ['repository:a/b:pull,push', 'repository:c/d:pull'],
      [repository('a/b'), repository('c/d')],
    ],
    [['repository:a/b:pull repository:c/d:pull'], [repository('a/b'), repository('c/d')]],
    [['repository:a/b:pull', 'repository:a/b:push'], [repository('a/b')]],
    [['repository:host:5000/a/b:pull'], [repository('host:5000/a/b')]],
    [['repository:a/b'], [repository('a/b')]],
    [['registry:catalog:*'], [{ type: 'registry', name: 'catalog' }]],
    [['nonsense'], [{ type: 'nonsense', name: '' }]],
    [['::'], [{ type: '', name: '' }]],
  ])('in %j are %j', (values, scopes) => {
    expect(parseScopes(values)).toEqual(scopes)
  })
})
