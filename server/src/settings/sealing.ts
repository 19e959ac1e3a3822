import type { SecretBox } from '../platform/crypto/secret-box.ts'
import type { AnyValue, SettingKey } from './keys.ts'
import { isSecret } from './values.ts'

/** What the database keeps of a value: secrets sealed, everything else as it is. */
export function toStored(box: SecretBox, key: SettingKey, value: AnyValue): unknown {
  if (!isSecret(key)) return value
  return { sealed: box.seal(Buffer.from(String(value)), context(key)).toString('base64') }
}

/** The value again; undefined where it was sealed with another key, or is no such thing. */
export function readStored(box: SecretBox, key: SettingKey, stored: unknown): unknown {
  if (!isSecret(key)) return stored
  if (typeof stored !== 'object' || stored === null || !('sealed' in stored)) return undefined
  try {
    return box.open(Buffer.from(String(stored.sealed), 'base64'), context(key)).toString()
  } catch {
    return undefined
  }
}

function context(key: SettingKey): string {
  return `setting:${key}`
}
