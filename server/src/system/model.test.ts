import { expect, test } from 'vitest'
import { settingsOf } from '../settings/testing.ts'
import { describeSystem, harborVersion } from './model.ts'

const FACTS = { version: '0.1.0', storageProvider: 'filesystem' }
const WHERE = { origin: 'https://registry.example.com:8443', now: new Date(0) }

test('what stands before the first hyphen is a release of Harbor', () => {
  expect(harborVersion('0.1.0')).toMatch(/^v\d+\.\d+\.\d+-portolan-0\.1\.0$/)
})

test('only who has signed in learns versions and addresses', () => {
  const user = { kind: 'user', id: 1, username: 'ann', sysadmin: false, generation: 1 } as const

  expect(describeSystem(FACTS, settingsOf(), { kind: 'anonymous' }, WHERE).closed).toBeUndefined()
  expect(describeSystem(FACTS, settingsOf(), user, WHERE).closed).toMatchObject({
    externalUrl: 'https://registry.example.com:8443',
    registryHost: 'registry.example.com:8443',
    storageProvider: 'filesystem',
  })
})
