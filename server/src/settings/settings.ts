import type { Logger } from 'pino'
import type { SecretBox } from '../platform/crypto/secret-box.ts'
import type { Database } from '../platform/db/database.ts'
import type { FixedSettings } from './fixed.ts'
import {
  type AnyValue,
  SETTING_KEYS,
  type SettingKey,
  type SettingValue,
  type SettingValues,
} from './keys.ts'
import { readStored } from './sealing.ts'
import { listStored } from './store.ts'
import { defaultOf, problemOf } from './values.ts'

/** What services ask. Answers from memory. */
export interface Settings {
  get<K extends SettingKey>(key: K): SettingValue<K>
}

/** The same for those who keep it true. */
export interface LiveSettings extends Settings {
  /** Reads everything anew. Calls queue up: what was committed before the call is in force after it. */
  refresh(): Promise<void>
}

export interface SettingsDeps {
  db: Database
  /** Opens secrets. */
  box: SecretBox
  log: Logger
  /** What the configuration file or the environment says; nobody can change it. */
  fixed: FixedSettings
  /** What stands in place of the table's own defaults. */
  defaults?: SettingValues
}

/**
 * The documented bound on how long this process goes on with a setting that another one has changed: this and the
 * time of one small query, hence two seconds. Milliseconds.
 */
export const SETTINGS_REFRESH = 1000

/** Settings in memory, to be refreshed before they are asked and then every `SETTINGS_REFRESH`. */
export function createSettings(deps: SettingsDeps): LiveSettings {
  let values = inForce(deps, new Map())
  let last = Promise.resolve()

  async function load(): Promise<void> {
    values = inForce(deps, await listStored(deps.db))
  }

  return {
    get: <K extends SettingKey>(key: K) => values.get(key) as SettingValue<K>,
    refresh() {
      const next = last.then(load)
      last = next.catch(() => undefined)
      return next
    },
  }
}

/** Every setting's value: what is fixed, else what is stored, else its default. */
export function inForce(deps: SettingsDeps, stored: ReadonlyMap<string, unknown>): Map<SettingKey, AnyValue> {
  return new Map(
    SETTING_KEYS.map((key) => [
      key,
      deps.fixed.get(key) ??
        storedValue(deps, key, stored.get(key)) ??
        deps.defaults?.[key] ??
        defaultOf(key),
    ]),
  )
}

/** A row that does not fit, by the hand of an import or of somebody else's version, counts as none. */
function storedValue(deps: SettingsDeps, key: SettingKey, stored: unknown): AnyValue | undefined {
  if (stored === undefined) return undefined
  const value = readStored(deps.box, key, stored)
  if (value !== undefined && problemOf(key, value) === undefined) return value as AnyValue
  deps.log.warn({ setting: key }, 'the stored value of a setting cannot be used; its default is in force')
  return undefined
}
