import fc from 'fast-check'
import { AUDIT_EVENTS } from './audit-events.ts'
import { type AnyValue, SETTING_KEYS, type SettingKey, type SettingValues, settingOf } from './keys.ts'
import type { Settings } from './settings.ts'
import { defaultOf } from './values.ts'

/** Settings for tests of other slices: these values, defaults for the rest. */
export function settingsOf(values: SettingValues = {}): Settings {
  const all = { ...Object.fromEntries(SETTING_KEYS.map((key) => [key, defaultOf(key)])), ...values }
  return { get: (key) => all[key as never] }
}

/** Any value that fits the setting. */
export function fittingValue(key: SettingKey): fc.Arbitrary<AnyValue> {
  const setting = settingOf(key)
  const text = fc.string({ unit: 'binary', maxLength: 50 }).filter((value) => !value.includes('\u0000'))
  switch (setting.kind) {
    case 'flag':
      return fc.boolean()
    case 'choice':
      return fc.constantFrom(...setting.choices)
    case 'amount':
      return fc.integer({ min: 1, max: 9_999_999_999 })
    case 'scope':
      return fc.integer({ min: 0, max: 2 })
    case 'limit':
      return fc.oneof(
        fc.constant(-1),
        fc.maxSafeInteger().filter((bytes) => bytes > 0),
      )
    case 'parameters':
      return fc.dictionary(text, text).map((parameters) => JSON.stringify(parameters))
    case 'events':
      return fc.subarray([...AUDIT_EVENTS]).map((names) => names.join(','))
    case 'text':
      return setting.required === true ? text.filter((value) => value.trim() !== '') : text
    case 'secret':
      return text
  }
}
