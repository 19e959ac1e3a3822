import fc from 'fast-check'
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

  it('are read of any text, each once, and what is well-formed is found among nonsense', () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,9}(\/[a-z0-9]{1,9}){0,3}$/)
    const nonsense = fc.string({ unit: fc.constantFrom(...'a:,*/ \u0000\u00e4_') })
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            name.map((text) => `repository:${text}:pull`),
            nonsense,
          ),
        ),
        (values) => {
          const scopes = parseScopes(values)

          expect(new Set(scopes.map((scope) => JSON.stringify(scope))).size).toBe(scopes.length)
          for (const value of values) {
            const [, wanted] = /^repository:([a-z0-9/]+):pull$/.exec(value) ?? []
            if (wanted !== undefined) expect(scopes).toContainEqual(repository(wanted))
          }
        },
      ),
    )
  })
})
