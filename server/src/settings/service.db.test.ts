import { randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { secretBox } from '../platform/crypto/secret-box.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { DomainError } from '../platform/errors.ts'
import { readFixed } from './fixed.ts'
import { SETTING_KEYS, type SettingKey } from './keys.ts'
import { describeSettings, type SettingsServiceDeps, updateSettings } from './service.ts'
import { createSettings } from './settings.ts'
import { fittingValue } from './testing.ts'

const { db, drop } = await createTestDatabase()
const box = secretBox(randomBytes(32))
const ROOT = { id: 1, username: 'root' }
/** The mode has rules beyond its value, and so has the audit log that is kept nowhere. */
const FREE = SETTING_KEYS.filter((key) => !['auth_mode', 'skip_audit_log_database'].includes(key))

let logged: string

afterAll(drop)
beforeEach(async () => {
  logged = ''
  await sql`TRUNCATE settings, events`.execute(db)
})

/** A process of its own on the same database. */
async function start(
  fixed: Record<string, unknown> = {},
  options: Partial<SettingsServiceDeps> = {},
): Promise<SettingsServiceDeps> {
  const out = new PassThrough().on('data', (line) => {
    logged += line
  })
  const deps = { db, box, log: pino({ level: 'trace' }, out), fixed: readFixed(fixed), ...options }
  const settings = createSettings(deps)
  await settings.refresh()
  return { ...deps, settings, hasOtherUsers: async () => false, now: () => new Date(), ...options }
}

const change = (deps: SettingsServiceDeps, changes: Record<string, unknown>) =>
  updateSettings(deps, changes, ROOT)
const valuesOf = (deps: SettingsServiceDeps) => SETTING_KEYS.map((key) => deps.settings.get(key))
const eventsOf = async () =>
  (await db.selectFrom('events').select(['type', 'payload']).orderBy('id').execute()) as unknown[]

test('any fitting values, of any settings at once, are what this process and the next one read', async () => {
  const deps = await start()
  const anyChanges = fc
    .subarray(FREE, { minLength: 1 })
    .chain((keys) => fc.tuple(...keys.map((key) => fc.tuple(fc.constant(key), fittingValue(key)))))

  await fc.assert(
    fc.asyncProperty(anyChanges, async (changes) => {
      await change(deps, Object.fromEntries(changes))
      const later = await start()

      for (const [key, value] of changes) {
        expect(deps.settings.get(key)).toBe(value)
        expect(later.settings.get(key)).toBe(value)
      }
    }),
    { numRuns: 40 },
  )
})

test('one value that does not fit makes a change of nothing', async () => {
  const deps = await start()
  await change(deps, { banner_message: 'before' })
  const before = valuesOf(deps)
  const [, ...events] = await eventsOf()
  const fitting = Object.fromEntries(FREE.map((key) => [key, fc.sample(fittingValue(key), 1)[0]]))
  const bad: [SettingKey, unknown][] = [
    ...FREE.map((key): [SettingKey, unknown] => [key, { no: 'value' }]),
    ['project_creation_restriction', 'sometimes'],
    ['token_expiration', 0],
    ['ldap_scope', 9],
    ['robot_name_prefix', ' '],
    ['storage_per_project', 0],
    ['auth_mode', 'ldap_auth'],
  ]

  for (const [key, value] of bad) {
    await expect(change(deps, { ...fitting, [key]: value })).rejects.toMatchObject({ kind: 'bad-request' })
  }
  expect(valuesOf(await start())).toEqual(before)
  expect(valuesOf(deps)).toEqual(before)
  expect(events).toEqual([])
})

test('names that are none and nulls change nothing and tell nobody', async () => {
  const deps = await start()

  await change(deps, { moon_phase: 'full', banner_message: null, __proto__: { read_only: true } })
  await change(deps, { read_only: false })

  expect(await eventsOf()).toEqual([])
  expect(await db.selectFrom('settings').select('name').execute()).toEqual([])
})

test('a change tells its names and who made it', async () => {
  const deps = await start()

  await change(deps, { banner_message: 'hello', read_only: false })

  expect(await eventsOf()).toEqual([
    { type: 'configuration.updated', payload: { keys: ['banner_message'], actor: ROOT } },
  ])
})

test('a secret stands nowhere but sealed', async () => {
  const deps = await start()
  const secrets = {
    ldap_search_password: 'Sesame-1',
    oidc_client_secret: 'Sesame-2',
    uaa_client_secret: 'Sesame-3',
  }

  await change(deps, secrets)
  await expect(change(deps, { ...secrets, oidc_client_secret: 'Sesame-4', ldap_scope: 9 })).rejects.toThrow()

  const { rows } = await sql`SELECT name, value::text, payload::text FROM settings, events`.execute(db)
  expect(rows).toHaveLength(3)
  const shown = JSON.stringify([rows, [...(await describeSettings(deps))]]) + logged
  expect(shown).not.toContain('Sesame')
  expect((await start()).settings.get('oidc_client_secret')).toBe('Sesame-2')
})

test('what was sealed with another key, or is no value, counts as not set', async () => {
  await change(await start(), { ldap_search_password: 'Sesame', ldap_timeout: 9 })
  await sql`UPDATE settings SET value = '"soon"' WHERE name = 'ldap_timeout'`.execute(db)

  const { settings } = await start({}, { box: secretBox(randomBytes(32)) })

  expect(settings.get('ldap_search_password')).toBe('')
  expect(settings.get('ldap_timeout')).toBe(5)
  expect(logged).toContain('"setting":"ldap_timeout"')
})

test('what the configuration fixes is shown so and cannot be changed, but sent back', async () => {
  await change(await start(), { read_only: true })
  const deps = await start({ read_only: 'false', token_expiration: 45 })

  await change(deps, { read_only: false, banner_message: 'x' })
  await expect(change(deps, { read_only: true, banner_message: 'y' })).rejects.toMatchObject({
    kind: 'forbidden',
  })

  expect(deps.settings.get('banner_message')).toBe('x')
  const shown = await describeSettings(deps)
  expect(shown.get('read_only')).toEqual({ value: false, editable: false })
  expect(shown.get('token_expiration')).toEqual({ value: 45, editable: false })
  expect(shown.get('banner_message')?.editable).toBe(true)
})

test('the configuration cannot fix what is no setting, or to what does not fit', () => {
  expect(() => readFixed({ moon_phase: 'full' })).toThrow('settings.moon_phase')
  expect(() => readFixed({ read_only: 'perhaps' })).toThrow('settings.read_only')
  expect(() => readFixed({ auth_mode: 'ldap_auth' })).toThrow('settings.auth_mode')
})

test('the mode of logging in stays once there are users', async () => {
  const settled = await start({}, { hasOtherUsers: async () => true })

  await expect(change(settled, { auth_mode: 'ldap_auth' })).rejects.toThrow('cannot be modified')
  await change(settled, { auth_mode: 'db_auth' })

  expect((await describeSettings(settled)).get('auth_mode')?.editable).toBe(false)
  expect((await describeSettings(await start())).get('auth_mode')?.editable).toBe(true)
})

test('audit events that are kept nowhere and sent nowhere are refused, whichever way it comes about', async () => {
  const deps = await start()

  await expect(change(deps, { skip_audit_log_database: true })).rejects.toMatchObject({ kind: 'bad-request' })
  await change(deps, { skip_audit_log_database: true, audit_log_forward_endpoint: 'syslog:514' })
  await expect(change(deps, { audit_log_forward_endpoint: '' })).rejects.toMatchObject({
    kind: 'bad-request',
  })

  expect(deps.settings.get('skip_audit_log_database')).toBe(true)
})

test('two changes at once cannot break together a rule that neither breaks alone', async () => {
  const one = await start()
  const other = await start()
  await change(one, { audit_log_forward_endpoint: 'syslog:514' })

  const outcomes = await Promise.allSettled([
    change(one, { skip_audit_log_database: true }),
    change(other, { audit_log_forward_endpoint: '' }),
  ])

  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('another process knows after its next look', async () => {
  const one = await start()
  const other = await start()

  await change(one, { banner_message: 'hello' })

  expect(one.settings.get('banner_message')).toBe('hello')
  expect(other.settings.get('banner_message')).toBe('')
  await other.settings.refresh()
  expect(other.settings.get('banner_message')).toBe('hello')
})

test('looks that overlap end with the newest, and one that failed does not stop the next', async () => {
  const one = await start()
  const other = await start()

  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? change(one, { ldap_timeout: index + 1 }) : one.settings.refresh(),
    ),
  )
  await other.settings.refresh()

  expect(one.settings.get('ldap_timeout')).toBe(other.settings.get('ldap_timeout'))
})

test('a receiver of the audit log that is not there is refused when it changes, and only then', async () => {
  const asked: string[] = []
  const deps = {
    ...(await start()),
    checkForwarding: async (endpoint: string) => {
      asked.push(endpoint)
      if (endpoint === 'away:514') throw new DomainError('bad-request', 'not there')
    },
  }

  await expect(
    change(deps, { audit_log_forward_endpoint: 'away:514', banner_message: 'x' }),
  ).rejects.toMatchObject({ kind: 'bad-request' })
  await change(deps, { audit_log_forward_endpoint: 'there:514' })
  await change(deps, { audit_log_forward_endpoint: 'there:514', banner_message: 'y' })
  await change(deps, { audit_log_forward_endpoint: '' })

  expect(asked).toEqual(['away:514', 'there:514'])
  expect(deps.settings.get('banner_message')).toBe('y')
})
