import { AUDIT_EVENTS, eventNames } from './audit-events.ts'
import { type AnyValue, type SettingKey, settingOf } from './keys.ts'

const LARGEST_AMOUNT = 9_999_999_999
const LARGEST_TEXT = 65_536

/** Why a value does not fit its setting, in Harbor's words where it has some; undefined where it fits. */
export function problemOf(key: SettingKey, value: unknown): string | undefined {
  const setting = settingOf(key)
  switch (setting.kind) {
    case 'flag':
      return typeof value === 'boolean' ? undefined : `item name ${key}: should be true or false`
    case 'choice':
      return typeof value === 'string' && setting.choices.includes(value)
        ? undefined
        : `item name ${key}: invalid ${key}, should be ${listOf(setting.choices)}`
    case 'amount':
      return amountProblem(key, value)
    case 'scope':
      return value === 0 || value === 1 || value === 2
        ? undefined
        : `item name ${key}: invalid scope, should be 0, 1 or 2`
    case 'limit':
      return Number.isSafeInteger(value) && (value === -1 || Number(value) > 0)
        ? undefined
        : `invalid non-positive value for quota limit, value=${String(value)}`
    default:
      return typeof value === 'string' ? textProblem(key, value) : `item name ${key}: should be a text`
  }
}

/** Reads text from a variable or a file as the type of its setting; what does not fit is left as it is. */
export function fromText(key: SettingKey, value: unknown): unknown {
  if (typeof value !== 'string') return value
  const { default: byDefault } = settingOf(key)
  if (typeof byDefault === 'number') return /^-?\d+$/.test(value) ? Number(value) : value
  if (typeof byDefault === 'boolean') return value === 'true' ? true : value === 'false' ? false : value
  return value
}

export function defaultOf(key: SettingKey): AnyValue {
  return settingOf(key).default
}

export function isSecret(key: SettingKey): boolean {
  return settingOf(key).kind === 'secret'
}

function amountProblem(key: string, value: unknown): string | undefined {
  if (!Number.isSafeInteger(value)) return `item name ${key}: should be a whole number`
  if (Number(value) <= 0) return `the ${key} value must be positive`
  if (Number(value) > LARGEST_AMOUNT) return `the ${key} value is over the limit value: ${LARGEST_AMOUNT}`
  return undefined
}

function textProblem(key: SettingKey, value: string): string | undefined {
  const setting = settingOf(key)
  if (value.length > LARGEST_TEXT) return `item name ${key}: longer than ${LARGEST_TEXT} characters`
  // PostgreSQL stores no NUL, and none of these goes to a place where half a character means something.
  if (value.includes('\u0000') || !value.isWellFormed()) return `item name ${key}: holds illegal characters`
  if (setting.kind === 'text' && setting.required === true && value.trim() === '') {
    return `${key} cannot be empty or contain only spaces`
  }
  if (setting.kind === 'parameters' && !isParameters(value)) {
    return `item name ${key}: should be a JSON object whose values are texts`
  }
  if (setting.kind === 'events') {
    const unknown = eventNames(value).find((name) => !AUDIT_EVENTS.includes(name))
    return unknown === undefined ? undefined : `item name ${key}: there is no audit event ${unknown}`
  }
  return undefined
}

function isParameters(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    return Object.values(value).every((item) => typeof item === 'string')
  } catch {
    return false
  }
}

function listOf(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
}
