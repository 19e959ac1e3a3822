import { expect, test } from 'vitest'
import { render } from './formats.ts'
import type { Target } from './model.ts'
import { toPayload, type WebhookEvent } from './payload.ts'

const event: WebhookEvent = {
  type: 'PUSH_ARTIFACT',
  time: new Date('2030-01-02T03:04:05Z'),
  operator: 'ann <!channel>',
  projectId: 7,
  repository: { id: 3, projectName: 'team', name: 'app/web' },
  resources: [
    { digest: 'sha256:aa', tag: 'v1' },
    { digest: 'sha256:aa', tag: undefined },
  ],
  customAttributes: {},
}
const payload = toPayload(event, { creationTime: new Date(1_000_000), public: true }, 'registry.test')
const http: Target = {
  type: 'http',
  address: 'http://ci.test',
  skipCertVerify: false,
  payloadFormat: undefined,
  template: undefined,
}
const sender = { projectId: 7, policyId: 9 }

const rendered = (target: Target) => {
  const { contentType, body } = render(target, payload, sender)
  return { contentType, body: JSON.parse(body) }
}

test('the default payload has Harbor’s fields; what has no tag is called by its digest', () => {
  expect(rendered(http)).toEqual({
    contentType: 'application/json',
    body: {
      type: 'PUSH_ARTIFACT',
      occur_at: 1893553445,
      operator: 'ann <!channel>',
      event_data: {
        resources: [
          { digest: 'sha256:aa', tag: 'v1', resource_url: 'registry.test/team/app/web:v1' },
          { digest: 'sha256:aa', tag: 'sha256:aa', resource_url: 'registry.test/team/app/web@sha256:aa' },
        ],
        repository: {
          date_created: 1000,
          name: 'app/web',
          namespace: 'team',
          repo_full_name: 'team/app/web',
          repo_type: 'public',
        },
      },
    },
  })
})

test('a cloud event tells whose it is and carries the data', () => {
  expect(rendered({ ...http, payloadFormat: 'CloudEvents' })).toEqual({
    contentType: 'application/cloudevents+json',
    body: {
      specversion: '1.0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      source: '/projects/7/webhook/policies/9',
      type: 'harbor.artifact.pushed',
      time: '2030-01-02T03:04:05.000Z',
      datacontenttype: 'application/json',
      operator: 'ann <!channel>',
      requestid: expect.any(String),
      data: payload.event_data,
    },
  })
})

test('a name cannot mention a channel of Slack, and long data is cut', () => {
  const long = toPayload(
    { ...event, resources: Array.from({ length: 100 }, () => ({ digest: 'sha256:aa', tag: 'v1' })) },
    { creationTime: undefined, public: false },
    'registry.test',
  )

  const { body } = render({ ...http, type: 'slack' }, long, sender)

  expect(body).toContain('ann &lt;!channel&gt;')
  for (const block of JSON.parse(body).blocks) expect(block.text.text.length).toBeLessThan(3000)
})

test('Teams gets an adaptive card', () => {
  const { body } = rendered({ ...http, type: 'teams' })

  expect(body.attachments[0].content).toMatchObject({
    type: 'AdaptiveCard',
    body: [
      { text: 'PUSH_ARTIFACT' },
      { facts: expect.arrayContaining([{ title: 'Repository', value: 'team/app/web' }]) },
    ],
  })
})

test('in a card of Teams a name is nothing but a name', () => {
  const hostile = toPayload(
    {
      ...event,
      operator: '[log in](https://evil.test) <at>all</at>',
      repository: { id: 3, projectName: 'team', name: 'my_app__x' },
      customAttributes: { Details: '1. {{DATE(2030-01-01T00:00:00Z)}}\n- **all**' },
    },
    { creationTime: undefined, public: false },
    'registry.test',
  )

  const { body } = render({ ...http, type: 'teams' }, hostile, sender)
  const facts = JSON.parse(body).attachments[0].content.body[1].facts

  expect(facts).toEqual(
    expect.arrayContaining([
      { title: 'Operator', value: '\\[log in\\]\\(https://evil.test\\) \\<at\\>all\\</at\\>' },
      { title: 'Repository', value: 'team/my\\_app\\_\\_x' },
      { title: 'Details', value: '1\\. \\{\\{DATE\\(2030-01-01T00:00:00Z\\)\\}\\} - \\*\\*all\\*\\*' },
    ]),
  )
})

test('what is told to Slack cannot leave its block, and links nothing', () => {
  const hostile = toPayload(
    {
      ...event,
      operator: 'see https://evil.test',
      customAttributes: { Details: '``` <https://evil.test|here>' },
    },
    { creationTime: undefined, public: false },
    'registry.test',
  )

  const { body } = render({ ...http, type: 'slack' }, hostile, sender)
  const texts: { text: string; verbatim: boolean }[] = JSON.parse(body).blocks.map(
    (block: { text: object }) => block.text,
  )

  expect(texts.every(({ verbatim }) => verbatim)).toBe(true)
  const code = texts.at(-1)?.text ?? ''
  expect(code.slice(3, -3)).not.toContain('`')
  expect(code).toContain('&lt;https://evil.test|here&gt;')
})

test('a template takes the place of all of them', () => {
  const template =
    '{"text": "{{operator}} pushed {{event_data.resources.0.tag}}", "all": {{{event_data.repository}}}}'

  expect(rendered({ ...http, template }).body).toEqual({
    text: 'ann <!channel> pushed v1',
    all: payload.event_data.repository,
  })
})
