import { expect, test } from 'vitest'
import { createFilter } from './filters.ts'
import { toPayload } from './payload.ts'
import { toWebhookEvents } from './sources.ts'

test('what a run of retention has deleted is told as Harbor tells it, of all artifacts', () => {
  const all = { kind: 'doublestar', pattern: '**' }
  const rule = {
    disabled: false,
    action: 'retain',
    template: 'latestPushedK',
    params: { latestPushedK: 1 },
    tagSelectors: [{ ...all, decoration: 'matches' }],
    scopeSelectors: [{ ...all, decoration: 'repoMatches' }],
  }
  const [event, ...others] = toWebhookEvents({
    id: 1,
    type: 'retention.applied',
    occurrenceTime: new Date(5000),
    payload: {
      policyId: 4,
      projectId: 7,
      projectName: 'team',
      repositoryId: 3,
      repository: 'app/web',
      trigger: 'SCHEDULE',
      total: 3,
      retained: 1,
      rules: [rule],
      deleted: [
        { digest: 'sha256:aa', tags: ['v1', 'dev'] },
        { digest: 'sha256:bb', tags: [] },
      ],
    },
  })
  if (!event) throw new Error('nothing is told')

  const payload = toPayload(event, { creationTime: new Date(1000), public: false }, 'registry.test:8443')

  expect(others).toEqual([])
  expect(payload).toEqual({
    type: 'TAG_RETENTION',
    occur_at: 5,
    operator: 'SCHEDULE',
    event_data: {
      repository: {
        date_created: 1,
        name: 'app/web',
        namespace: 'team',
        repo_full_name: 'team/app/web',
        repo_type: 'private',
      },
      retention: {
        total: 3,
        retained: 1,
        harbor_hostname: 'registry.test',
        project_name: 'team',
        retention_policy_id: 4,
        retention_rule: [
          {
            template: 'latestPushedK',
            params: { latestPushedK: 1 },
            tag_selectors: rule.tagSelectors,
            scope_selectors: { repository: rule.scopeSelectors },
          },
        ],
        result: 'SUCCESS',
        deleted_artifact: [
          { type: 'image', status: 'SUCCESS', name_tag: 'app/web:v1' },
          { type: 'image', status: 'SUCCESS', name_tag: 'app/web@sha256:bb' },
        ],
      },
    },
  })
  const stopped = { ...event, retention: { ...event.retention, result: 'STOPPED' } as typeof event.retention }
  const facts = { creationTime: new Date(1000), public: false }
  expect(toPayload(stopped as typeof event, facts, 'h').event_data.retention?.result).toBe('STOPPED')
  const policy = { enabled: true, eventTypes: ['TAG_RETENTION' as const], tagPattern: '' }
  expect(createFilter({ ...policy, repositoryPattern: 'app/**' })(event)).toBe(event)
  expect(createFilter({ ...policy, repositoryPattern: 'other' })(event)).toBeUndefined()
})
