import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, expect, test } from 'vitest'
import { loadConfig } from '../config/load.ts'
import { secretBox } from '../platform/crypto/secret-box.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { updateSettings } from '../settings/service.ts'
import { SETTINGS_REFRESH } from '../settings/settings.ts'
import { runPeriodically } from './periodic.ts'
import type { ServerParts } from './server-parts.ts'
import { composeSettings } from './settings.ts'

const { db, drop } = await createTestDatabase()
const log = pino({ level: 'silent' })
const secretKey = secretBox(randomBytes(32))

afterAll(drop)

function start(env: Record<string, string> = {}) {
  return composeSettings({ config: loadConfig({ env }), db, secretKey, log } as ServerParts)
}

test('a change that one process takes is in force in another within two seconds', async () => {
  const one = await start()
  const other = await start()
  const run = other.settings.refresh
  const refreshing = runPeriodically([{ name: 'refresh', everyMilliseconds: SETTINGS_REFRESH, run }], log)

  await updateSettings(one, { read_only: true }, { id: 1, username: 'admin' })
  const changed = Date.now()
  while (!other.settings.get('read_only') && Date.now() - changed < 2000) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }

  expect(other.settings.get('read_only')).toBe(true)
  await refreshing.stop()
})

test('lifetimes are those of the configuration until they are changed', async () => {
  const { settings } = await start({ PORTOLAN_AUTH_TOKEN_MINUTES: '7', PORTOLAN_AUTH_SESSION_MINUTES: '8' })

  expect([settings.get('token_expiration'), settings.get('session_timeout')]).toEqual([7, 8])
})
