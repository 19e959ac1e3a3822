import { randomUUID } from 'node:crypto'
import type { EventType, Target } from './model.ts'
import type { Payload } from './payload.ts'
import { fillTemplate } from './template.ts'

/** What is sent: rendered once, so that every attempt and every replay sends the same. */
export interface Message {
  contentType: string
  body: string
}

/** Whose message it is, for formats that tell. */
export interface Sender {
  projectId: number
  policyId: number
}

const JSON_TYPE = 'application/json'

/** The payload in the form that the target understands. Throws TemplateError. */
export function render(target: Target, payload: Payload, sender: Sender): Message {
  if (target.template !== undefined) {
    return { contentType: JSON_TYPE, body: fillTemplate(target.template, payload) }
  }
  switch (target.type) {
    case 'slack':
      return { contentType: JSON_TYPE, body: JSON.stringify(toSlack(payload)) }
    case 'teams':
      return { contentType: JSON_TYPE, body: JSON.stringify(toTeams(payload)) }
    case 'http':
      return target.payloadFormat === 'CloudEvents'
        ? { contentType: 'application/cloudevents+json', body: JSON.stringify(toCloudEvent(payload, sender)) }
        : { contentType: JSON_TYPE, body: JSON.stringify(payload) }
  }
}

const CLOUD_TYPES: Readonly<Record<EventType, string>> = {
  PUSH_ARTIFACT: 'harbor.artifact.pushed',
  PULL_ARTIFACT: 'harbor.artifact.pulled',
  DELETE_ARTIFACT: 'harbor.artifact.deleted',
  QUOTA_EXCEED: 'harbor.quota.exceeded',
  QUOTA_WARNING: 'harbor.quota.warned',
  SCANNING_FAILED: 'harbor.scan.failed',
  SCANNING_STOPPED: 'harbor.scan.stopped',
  SCANNING_COMPLETED: 'harbor.scan.completed',
  REPLICATION: 'harbor.replication.status.changed',
  TAG_RETENTION: 'harbor.tag_retention.finished',
}

/** Its id stays the same in every attempt: receivers tell by it what they have had already. */
function toCloudEvent({ type, occur_at, operator, event_data }: Payload, { projectId, policyId }: Sender) {
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: `/projects/${projectId}/webhook/policies/${policyId}`,
    type: CLOUD_TYPES[type as EventType],
    time: new Date(occur_at * 1000).toISOString(),
    datacontenttype: JSON_TYPE,
    operator,
    requestid: randomUUID(),
    data: event_data,
  }
}

// What Slack takes of one block of text.
const SLACK_TEXT = 2900

function toSlack({ type, occur_at, operator, event_data }: Payload) {
  // Verbatim: what looks like an address, a person or a channel is not made a link.
  const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } })
  // The same JSON, but nothing in it ends the block of code.
  const data = JSON.stringify(event_data, undefined, 2).replaceAll('`', '\\u0060')
  const shown = data.length > SLACK_TEXT ? `${data.slice(0, SLACK_TEXT)}…` : data

  return {
    blocks: [
      section('*Harbor webhook events*'),
      section(`*event_type:* ${slackText(type)}`),
      section(`*occur_at:* <!date^${occur_at}^{date} at {time}|${new Date(occur_at * 1000).toISOString()}>`),
      section(`*operator:* ${slackText(operator)}`),
      section('*event_data:*'),
      section(`\`\`\`${slackText(shown)}\`\`\``),
    ],
  }
}

/** As Slack wants it: a name must not become a mention or a link. */
function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

// All that Markdown, or a function of a card as `{{DATE(…)}}`, is made of.
const MARKUP = /[\\`*_{}[\]()<>#|~!]/g
// What begins a list.
const BULLET = /^(\d*)([-+.)])(?=\s)/

/** As a card wants it: a name must not become a link, nor anything else but its letters. */
function teamsText(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(MARKUP, '\\$&').replace(BULLET, '$1\\$2')
}

const MOST_FACTS = 10

/** An adaptive card, which workflows of Microsoft Teams post to a channel. */
function toTeams({ type, occur_at, operator, event_data }: Payload) {
  const { resources = [], repository, custom_attributes: attributes = {}, retention } = event_data
  const facts = [
    ['Repository', repository?.repo_full_name],
    ['Retained', retention && `${retention.retained} of ${retention.total}`],
    ...resources.slice(0, MOST_FACTS).map((one) => ['Artifact', one.resource_url]),
    ['Operator', operator],
    ['Time', new Date(occur_at * 1000).toISOString()],
    ...Object.entries(attributes),
  ].flatMap(([title = '', value]) => (value ? [{ title: teamsText(title), value: teamsText(value) }] : []))

  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            { type: 'TextBlock', size: 'Medium', weight: 'Bolder', text: type },
            { type: 'FactSet', facts },
          ],
        },
      },
    ],
  }
}
