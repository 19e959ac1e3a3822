import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, expect, test } from 'vitest'
import { loadConfig } from '../config/load.ts'
import { secretBox } from '../platform/crypto/secret-box.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { updateSettings } from '../settings/service.ts'
import { SETTINGS_REFRESH } from '../settings/settings.ts'
import { runPeriodically } from './periodic.ts'
import type { Change, ServerParts, Siblings } from './server-parts.ts'
import { composeSettings } from './settings.ts'

const { db, drop } = await createTestDatabase()
const log = pino({ level: 'silent' })
const secretKey = secretBox(randomBytes(32))

afterAll(drop)

function start(env: Record<string, string> = {}, parts: Partial<ServerParts> = {}) {
  return composeSettings({ config: loadConfig({ env }), db, secretKey, log, ...parts } as ServerParts)
}

test('a change that one process takes is in force in another with its next look', async () => {
  const one = await start()
  const other = await start()
  const run = other.settings.refresh
  const refreshing = runPeriodically([{ name: 'refresh', everyMilliseconds: SETTINGS_REFRESH, run }], log)

  await updateSettings(one, { read_only: true }, { id: 1, username: 'admin' })

  expect(SETTINGS_REFRESH).toBeLessThanOrEqual(2000)
  await expect.poll(() => other.settings.get('read_only')).toBe(true)
  await refreshing.stop()
})

test('others that can be told are told once a change stands', async () => {
  const told: Change[] = []
  const siblings = { tellOfChange: (change) => told.push(change) } as Partial<Siblings> as Siblings
  const one = await start({}, { siblings })

  await updateSettings(one, { robot_name_prefix: 'machine$' }, { id: 1, username: 'admin' })
  await expect(updateSettings(one, { read_only: 'perhaps' }, { id: 1, username: 'admin' })).rejects.toThrow()

  expect(told).toEqual([{ of: 'settings' }])
})

test('lifetimes are those of the configuration until they are changed', async () => {
  const { settings } = await start({ PORTOLAN_AUTH_TOKEN_MINUTES: '7', PORTOLAN_AUTH_SESSION_MINUTES: '8' })

  expect([settings.get('token_expiration'), settings.get('session_timeout')]).toEqual([7, 8])
})
