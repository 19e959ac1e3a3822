import { expect, test } from 'vitest'
import { checkSettable, knownMetadata } from './model.ts'

test('known metadata is taken, unknown and null passed over', () => {
  const metadata = {
    public: 'true',
    severity: 'high',
    nonsense: '1',
    auto_scan: null,
    prevent_vul: undefined,
  }

  expect(knownMetadata(metadata)).toEqual({ public: 'true', severity: 'high' })
})

test('the policy of a project is named by nobody but the server', () => {
  expect(knownMetadata({ retention_id: '7', public: 'true' })).toEqual({ public: 'true' })
  expect(() => checkSettable('retention_id', '7')).toThrow('invalid key')
  expect(() => checkSettable('auto_scan', 'true')).not.toThrow()
})

test.each([
  ['public', 'maybe'],
  ['severity', 'terrible'],
  ['auto_scan', 'TRUE'],
  ['retention_id', '1; DROP'],
  ['max_upstream_conn', '1.5'],
])('%s cannot be %s', (name, value) => {
  expect(() => knownMetadata({ [name]: value })).toThrow(`metadata.${name}`)
})

test('names that every object has are no metadata', () => {
  expect(knownMetadata(JSON.parse('{"constructor":"x","toString":"y"}'))).toEqual({})
})
