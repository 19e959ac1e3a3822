import type { SecretBox } from '../platform/crypto/secret-box.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { type AnyValue, isSettingKey, SETTING_KEYS, type SettingKey } from './keys.ts'
import { checkAuthMode, checkTogether } from './model.ts'
import { toStored } from './sealing.ts'
import { inForce, type LiveSettings, type SettingsDeps } from './settings.ts'
import { listStored, lockStored, putStored } from './store.ts'
import { isSecret, problemOf } from './values.ts'

export interface SettingsServiceDeps extends SettingsDeps {
  db: Database
  box: SecretBox
  settings: LiveSettings
  /** Whether there are users besides the first administrator, who all log in by the mode of now. From `users`. */
  hasOtherUsers(): Promise<boolean>
  /** Refuses a receiver of the audit log that is not there. From `audit`. */
  checkForwarding?(endpoint: string): Promise<void>
  /** Tells other processes, where there are some that can be told, that they had better read anew. */
  tellOfChange?(): void
  now(): Date
}

/** A setting as it is shown: a secret's value is empty, whatever it is. */
export interface ShownSetting {
  value: AnyValue
  editable: boolean
}

/** Every setting with its value in force and whether it can be changed. */
export async function describeSettings(
  deps: SettingsServiceDeps,
): Promise<ReadonlyMap<SettingKey, ShownSetting>> {
  const modeIsSettled = await deps.hasOtherUsers()
  return new Map(
    SETTING_KEYS.map((key) => [
      key,
      {
        value: isSecret(key) ? '' : deps.settings.get(key),
        editable: !deps.fixed.has(key) && !(key === 'auth_mode' && modeIsSettled),
      },
    ]),
  )
}

/**
 * Changes the settings that `changes` names; names that are none, and nulls, count for nothing. All or none: throws
 * bad-request for a value that does not fit, forbidden for one that the configuration fixes. In force in this process
 * when it returns.
 */
export async function updateSettings(
  deps: SettingsServiceDeps,
  changes: Readonly<Record<string, unknown>>,
  actor: { id: number; username: string },
): Promise<void> {
  const wanted = readChanges(changes)
  if (wanted.size === 0) return
  const endpoint = wanted.get('audit_log_forward_endpoint')
  if (endpoint && endpoint !== deps.settings.get('audit_log_forward_endpoint')) {
    await deps.checkForwarding?.(String(endpoint))
  }
  const othersExist = wanted.has('auth_mode') && (await deps.hasOtherUsers())

  await deps.db.transaction().execute(async (tx) => {
    await lockStored(tx)
    const current = inForce(deps, await listStored(tx))
    const changed = new Map([...wanted].filter(([key, value]) => current.get(key) !== value))
    for (const key of changed.keys()) {
      if (deps.fixed.has(key)) {
        throw new DomainError(
          'forbidden',
          `${key} is set by the configuration of the server and cannot be updated`,
        )
      }
    }
    const mode = changed.get('auth_mode')
    if (mode !== undefined) checkAuthMode(String(mode), othersExist)
    checkTogether(new Map([...current, ...changed]), changed)
    if (changed.size === 0) return

    await putStored(
      tx,
      new Map([...changed].map(([key, value]) => [key, toStored(deps.box, key, value)])),
      deps.now(),
    )
    await emit(tx, { type: 'configuration.updated', payload: { keys: [...changed.keys()], actor } })
  })
  deps.tellOfChange?.()
  await deps.settings.refresh()
}

function readChanges(changes: Readonly<Record<string, unknown>>): Map<SettingKey, AnyValue> {
  const wanted = new Map<SettingKey, AnyValue>()
  for (const [key, value] of Object.entries(changes)) {
    if (!isSettingKey(key) || value === null || value === undefined) continue
    const problem = problemOf(key, value)
    if (problem !== undefined) throw new DomainError('bad-request', `bad request: ${problem}`)
    wanted.set(key, value as AnyValue)
  }
  return wanted
}
