import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SETTING_KEYS, SETTINGS, settingOf } from './keys.ts'
import { defaultOf, fromText, problemOf } from './values.ts'

test('every default fits, but for texts that are required and have none', () => {
  const problems = SETTING_KEYS.filter((key) => problemOf(key, defaultOf(key)) !== undefined)

  expect(problems).toEqual(['ldap_base_dn', 'ldap_url'])
})

test('numbers are whole, above zero and not absurd', () => {
  expect(problemOf('token_expiration', 0)).toBe('the token_expiration value must be positive')
  expect(problemOf('session_timeout', 99_999_999_999)).toContain('over the limit value: 9999999999')
  expect(problemOf('session_timeout', 9_999_999_999)).toBeUndefined()
  expect(problemOf('robot_token_duration', 1.5)).toContain('whole number')
})

test('a limit is -1 or a number of bytes', () => {
  expect([-1, 1, 2 ** 40].map((value) => problemOf('storage_per_project', value))).toEqual(
    Array(3).fill(undefined),
  )
  expect([0, -2, 1e300].every((value) => problemOf('storage_per_project', value) !== undefined)).toBe(true)
})

test('parameters are an object of texts', () => {
  expect(problemOf('oidc_extra_redirect_parms', '{"prompt":"login"}')).toBeUndefined()
  expect(
    ['', '[]', 'null', '{"a":1}', '{'].every((text) => problemOf('oidc_extra_redirect_parms', text)),
  ).toBe(true)
})

test('audit events are known ones, spaces around them aside', () => {
  expect(problemOf('disabled_audit_log_event_types', 'pull_artifact, login_user,')).toBeUndefined()
  expect(problemOf('disabled_audit_log_event_types', 'pull_artifact,nonsense')).toContain('nonsense')
})

test('no value of another type fits a setting', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SETTING_KEYS), fc.jsonValue(), (key, value) => {
      const ofItsType = typeof value === typeof SETTINGS[key].default
      expect(ofItsType || problemOf(key, value) !== undefined).toBe(true)
    }),
  )
})

test('what stands in a variable is read by the type of its setting', () => {
  expect(fromText('read_only', 'true')).toBe(true)
  expect(fromText('token_expiration', '45')).toBe(45)
  expect(fromText('banner_message', '45')).toBe('45')
  expect(problemOf('read_only', fromText('read_only', 'yes'))).toBeDefined()
})

test('texts that PostgreSQL cannot store are refused', () => {
  const texts = SETTING_KEYS.filter((key) => ['text', 'secret'].includes(settingOf(key).kind))

  expect(texts.every((key) => problemOf(key, 'a\u0000b') !== undefined)).toBe(true)
  expect(texts.every((key) => problemOf(key, 'a\ud800b') !== undefined)).toBe(true)
})
