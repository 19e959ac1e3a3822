import { expect, test } from 'vitest'
import { secretBox } from '../platform/crypto/secret-box.ts'
import type { Target } from './model.ts'
import { mask, mergeSecrets, openSecrets, sealSecrets } from './secrets.ts'

const target: Target = {
  type: 'http',
  address: 'https://ci.test/hook',
  skipCertVerify: false,
  payloadFormat: undefined,
  template: undefined,
}
const secrets = { authHeader: 'Bearer token', headers: { 'X-Key': 'value' }, signingSecret: 'key' }
const former = { target, secrets }
const nothing = { authHeader: undefined, headers: undefined, signingSecret: undefined }

test('of a secret only its scheme is shown', () => {
  expect(mask('Bearer token')).toBe('Bearer ********')
  expect(mask('basic dXNlcjpwYXNz')).toBe('basic ********')
  expect(mask('my own secret')).toBe('********')
  expect(mask('Bearer ')).toBe('********')
})

test('what is sent back as it is shown stays what it is', () => {
  const shown = {
    authHeader: mask('Bearer token'),
    headers: { 'X-Key': mask('value') },
    signingSecret: undefined,
  }

  expect(mergeSecrets(shown, 'HTTPS://CI.test:443/hook#part', former)).toEqual(secrets)
})

test.each([
  'https://elsewhere.test/hook',
  'http://ci.test/hook',
  'https://ci.test:8443/hook',
  'https://ci.test/other',
  'https://ci.test/hook/',
  'https://ci.test/hook?to=me',
])('nobody has a secret sent to %s that he does not know', (elsewhere) => {
  const refused = 'must be given anew'

  expect(() => mergeSecrets({ ...nothing, authHeader: 'Bearer ********' }, elsewhere, former)).toThrow(
    refused,
  )
  expect(() => mergeSecrets({ ...nothing, headers: { 'X-Key': '********' } }, elsewhere, former)).toThrow(
    refused,
  )
  expect(mergeSecrets(nothing, elsewhere, former)).toEqual({ signingSecret: 'key' })
})

test('new values take the place of old ones, and what Harbor’s clients leave out as in Harbor is gone', () => {
  const changes = { authHeader: undefined, headers: { 'X-Key': 'new' }, signingSecret: '' }

  expect(mergeSecrets(changes, target.address, former)).toEqual({ headers: { 'X-Key': 'new' } })
})

test('sealed secrets open in their project alone', () => {
  const box = secretBox(new Uint8Array(32))
  const sealed = sealSecrets(box, 1, [secrets]) ?? Buffer.alloc(0)

  expect(sealed.toString('latin1')).not.toContain('token')
  expect(openSecrets(box, 1, sealed)).toEqual([secrets])
  expect(() => openSecrets(box, 2, sealed)).toThrow()
  expect(sealSecrets(box, 1, [{}])).toBeUndefined()
  expect(openSecrets(box, 1, null)).toEqual([])
})
