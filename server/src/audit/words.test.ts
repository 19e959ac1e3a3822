import { expect, test } from 'vitest'
import type { HeardEvent } from '../platform/events/catalogue.ts'
import { toRow } from './words.ts'

const ANN = { id: 3, username: 'ann', address: '192.0.2.7' }
const PLACE = { projectId: 5, projectName: 'team', repositoryId: 9, repository: 'web/app' }

function row(type: string, payload: Record<string, unknown>) {
  const event = { id: 1, type, payload: { actor: ANN, ...payload }, occurrenceTime: new Date(0) }
  // Of most payloads half is enough here.
  return toRow(event as unknown as HeardEvent)
}

test('a push is called by its tag, or by its digest where it has none', () => {
  const tagged = row('artifact.pushed', { ...PLACE, digest: 'sha256:aa', tags: ['v1', 'v2'] })
  const bare = row('artifact.pushed', { ...PLACE, digest: 'sha256:aa', tags: [] })

  expect(tagged).toMatchObject({
    projectId: 5,
    projectName: 'team',
    operation: 'create',
    resourceType: 'artifact',
    resource: 'team/web/app:v1',
    description: 'push artifact: team/web/app@sha256:aa',
    username: 'ann',
    address: '192.0.2.7',
    succeeded: true,
  })
  expect(bare?.resource).toBe('team/web/app@sha256:aa')
})

test.each([
  ['project.created', { projectId: 5, name: 'team' }, 'create project: team', 'team'],
  ['user.created', { username: 'bob' }, 'create user with name: bob', 'bob'],
  ['member.deleted', { projectId: 5, name: 'bob' }, 'delete member with name: bob', 'bob'],
  ['tag.deleted', { ...PLACE, tag: 'v1' }, 'delete tag: team/web/app:v1', 'team/web/app:v1'],
])('%s is told as Harbor tells it', (type, payload, description, resource) => {
  expect(row(type, payload)).toMatchObject({ description, resource })
})

test('nothing of a payload but what is named gets into a row', () => {
  const secrets = { password: 'Secret-1', secret: 'Secret-2', token: 'Secret-3', config: { key: 'Secret-4' } }

  const made = row('user.password_changed', { username: 'bob', ...secrets })

  expect(JSON.stringify(made)).not.toContain('Secret')
})

test('what nobody did is the doing of the system, and unknown events are not told', () => {
  expect(row('user.created', { username: 'admin', actor: undefined })?.username).toBe('system')
  expect(row('moon.rose', {})).toBeUndefined()
})

test('texts are cut to what the index takes, and carry no NUL', () => {
  const made = row('user.created', { username: `\u0000${'x'.repeat(5000)}` })

  expect(made?.resource).toBe('x'.repeat(512))
})
