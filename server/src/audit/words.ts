import type { StoredEvent } from '../platform/events/subscriber.ts'
import { LONGEST, type NewAuditRow } from './model.ts'

type Payload = Readonly<Record<string, unknown>>

/** What the audit log says of an event: what was done, to what, and in words. */
interface Words {
  operation: string
  resourceType: string
  resource: string
  description: string
  succeeded?: boolean
}

/** THE TABLE: which events the audit log tells of, and how. One row for each; what is not here is not told. */
const WORDS: Readonly<Record<string, (payload: Payload) => Words>> = {
  'project.created': (p) => plain('create', 'project', text(p, 'name')),
  'project.updated': (p) => named('update', 'project', text(p, 'name')),
  'project.deleted': (p) => plain('delete', 'project', text(p, 'name')),
  'member.created': (p) => named('create', 'member', text(p, 'name')),
  'member.updated': (p) => named('update', 'member', text(p, 'name')),
  'member.deleted': (p) => named('delete', 'member', text(p, 'name')),
  'group.created': (p) => named('create', 'usergroup', text(p, 'name')),
  'group.updated': (p) => named('update', 'usergroup', text(p, 'name')),
  'group.deleted': (p) => named('delete', 'usergroup', text(p, 'name')),
  'robot.created': (p) => named('create', 'robot', text(p, 'name')),
  'robot.updated': (p) => named('update', 'robot', text(p, 'name')),
  'robot.secret_renewed': (p) => ({
    ...named('update', 'robot', text(p, 'name')),
    description: `renew secret of robot with name: ${text(p, 'name')}`,
  }),
  'robot.deleted': (p) => named('delete', 'robot', text(p, 'name')),
  'access_token.created': (p) => named('create', 'access-token', text(p, 'name')),
  'access_token.revoked': (p) => named('delete', 'access-token', text(p, 'name')),
  'session.revoked': (p) => named('delete', 'session', text(p, 'username')),
  'role.created': (p) => named('create', 'role', text(p, 'name')),
  'role.updated': (p) => named('update', 'role', text(p, 'name')),
  'role.deleted': (p) => named('delete', 'role', text(p, 'name')),
  'role.bound': (p) => ({
    ...named('update', 'role', text(p, 'name')),
    description: `give role ${text(p, 'name')} to ${text(p, 'entityName')}`,
  }),
  'role.unbound': (p) => ({
    ...named('update', 'role', text(p, 'name')),
    description: `take role ${text(p, 'name')} from ${text(p, 'entityName')}`,
  }),
  'user.created': (p) => named('create', 'user', text(p, 'username')),
  'user.updated': (p) => named('update', 'user', text(p, 'username')),
  'user.password_changed': (p) => ({
    ...named('update', 'user', text(p, 'username')),
    description: `change password of user with name: ${text(p, 'username')}`,
  }),
  'user.deleted': (p) => named('delete', 'user', text(p, 'username')),
  'user.logged_in': (p) => named('login', 'user', text(p, 'username')),
  'user.logged_out': (p) => named('logout', 'user', text(p, 'username')),
  'user.login_failed': (p) => ({ ...failedLogin(p), succeeded: false }),
  'project.renamed': (p) => ({
    ...plain('update', 'project', text(p, 'name')),
    description: `rename project: ${text(p, 'formerName')} to ${text(p, 'name')}`,
  }),
  'project.alias_dropped': (p) => ({
    ...plain('update', 'project', text(p, 'projectName')),
    description: `drop former name of project: ${text(p, 'name')}`,
  }),
  'repository.renamed': (p) => ({
    ...plain('update', 'repository', text(p, 'repository')),
    description: `rename repository: ${text(p, 'formerRepository')} to ${text(p, 'repository')}`,
  }),
  'repository.moved': (p) => ({
    ...plain('update', 'repository', text(p, 'repository')),
    description: `move repository: ${text(p, 'formerRepository')} to ${text(p, 'repository')}`,
  }),
  'repository.left': (p) => ({
    ...plain('update', 'repository', text(p, 'formerRepository')),
    description: `move repository: ${text(p, 'formerRepository')} to ${text(p, 'repository')}`,
  }),
  'repository.alias_dropped': (p) => ({
    ...plain('update', 'repository', text(p, 'repository')),
    description: `drop former name of repository: ${text(p, 'repository')}`,
  }),
  'quota.updated': (p) => ({
    ...plain('update', 'quota', text(p, 'projectName')),
    description: `update quota of project: ${text(p, 'projectName')} to ${Number(p.limit)}`,
  }),
  'quota.exceeded': (p) => ({
    ...plain('create', 'artifact', repository(p)),
    description: `push to repository: ${repository(p)} exceeds the quota`,
    succeeded: false,
  }),
  'immutable-rule.created': (p) => named('create', 'immutable', text(p, 'name')),
  'immutable-rule.updated': (p) => named('update', 'immutable', text(p, 'name')),
  'immutable-rule.deleted': (p) => named('delete', 'immutable', text(p, 'name')),
  'retention.created': (p) => named('create', 'tag_retention', text(p, 'name')),
  'retention.updated': (p) => named('update', 'tag_retention', text(p, 'name')),
  'retention.deleted': (p) => named('delete', 'tag_retention', text(p, 'name')),
  'retention.started': (p) => named('update', 'tag_retention', text(p, 'name')),
  'webhook.created': (p) => named('create', 'webhook', text(p, 'name')),
  'webhook.updated': (p) => named('update', 'webhook', text(p, 'name')),
  'webhook.deleted': (p) => named('delete', 'webhook', text(p, 'name')),
  'webhook.redelivered': (p) => ({
    ...named('update', 'webhook', text(p, 'name')),
    description: `deliver again an event of webhook with name: ${text(p, 'name')}`,
  }),
  'webhook.replayed': (p) => ({
    ...named('update', 'webhook', text(p, 'name')),
    description: `replay dead letters of webhook with name: ${text(p, 'name')}`,
  }),
  'dead_letter.replayed': (p) => ({
    ...plain('update', 'dead-letter', String(p.eventId)),
    description: `replay event ${String(p.eventId)} (${text(p, 'eventType')}) for ${text(p, 'name')}`,
  }),
  'dead_letter.discarded': (p) => ({
    ...plain('delete', 'dead-letter', String(p.eventId)),
    description: `give up event ${String(p.eventId)} (${text(p, 'eventType')}) for ${text(p, 'name')}`,
  }),
  'cve_allowlist.updated': () => ({
    ...plain('update', 'configuration', ''),
    description: 'update system CVE allowlist',
  }),
  'label.created': (p) => named('create', 'label', text(p, 'name')),
  'label.updated': (p) => named('update', 'label', text(p, 'name')),
  'label.deleted': (p) => named('delete', 'label', text(p, 'name')),
  'configuration.updated': (p) => ({
    ...plain('update', 'configuration', 'configuration'),
    description: `update configuration: ${[p.keys].flat().map(String).join(', ')}`,
  }),
  'artifact.labeled': (p) => ofArtifact('update', 'label', p),
  'artifact.unlabeled': (p) => ofArtifact('update', 'unlabel', p),
  'artifact.pushed': (p) => ofArtifact('create', 'push', p),
  // No event: `pulls.ts` brings them, in batches.
  'artifact.pulled': (p) => ofArtifact('pull', 'pull', p),
  'artifact.deleted': (p) => ofArtifact('delete', 'delete', p),
  'artifact.restored': (p) => ofArtifact('create', 'restore', p),
  'artifact.purged': (p) => ofArtifact('delete', 'purge', p),
  'repository.updated': (p) => plain('update', 'repository', repository(p)),
  'repository.deleted': (p) => plain('delete', 'repository', repository(p)),
  'tag.created': (p) => plain('create', 'tag', `${repository(p)}:${text(p, 'tag')}`),
  'tag.deleted': (p) => plain('delete', 'tag', `${repository(p)}:${text(p, 'tag')}`),
  'tag.rolled_back': (p) => {
    const tag = `${repository(p)}:${text(p, 'tag')}`
    return { ...plain('update', 'tag', tag), description: `roll back tag: ${tag} to ${text(p, 'digest')}` }
  },
}

/** Types of the events that the audit log tells of. */
export const AUDITED_EVENTS: readonly string[] = Object.keys(WORDS)

/** The row of an event. Only what the table above picks gets into it: no payload is written down as a whole. */
export function toRow(event: StoredEvent): NewAuditRow | undefined {
  const { type, payload, occurrenceTime } = event
  const words = WORDS[type]?.(payload)
  if (!words) return undefined
  const actor = actorIn(payload)

  return {
    ...words,
    opTime: occurrenceTime,
    resource: clean(words.resource, LONGEST.resource),
    description: clean(words.description, LONGEST.description),
    succeeded: words.succeeded ?? true,
    projectId: Number(payload.projectId ?? 0),
    projectName: text(payload, 'projectName') || (type.startsWith('project.') ? text(payload, 'name') : ''),
    username: clean(actor.username, LONGEST.username),
    address: actor.address && clean(actor.address, LONGEST.address),
  }
}

/** The words of Harbor where a project, artifact or tag changes. */
function plain(operation: string, resourceType: string, resource: string): Words {
  return { operation, resourceType, resource, description: `${operation} ${resourceType}: ${resource}` }
}

/** The words of Harbor where a person, a setting or what belongs to one changes. */
function named(operation: string, resourceType: string, resource: string): Words {
  const description = `${operation} ${resourceType} with name: ${resource}`
  return { operation, resourceType, resource, description }
}

/** The artifact is called by its tag where one came with it, and by its digest in the words. */
function ofArtifact(operation: string, verb: string, payload: Payload): Words {
  const byDigest = `${repository(payload)}@${text(payload, 'digest')}`
  const tags = Array.isArray(payload.tags) ? payload.tags : [payload.tag]
  const [tag] = tags.filter((name): name is string => typeof name === 'string')
  const resource = tag === undefined ? byDigest : `${repository(payload)}:${tag}`
  return { operation, resourceType: 'artifact', resource, description: `${verb} artifact: ${byDigest}` }
}

/** Many failures within a minute are one entry; those of very many names have no name. */
function failedLogin(payload: Payload): Words {
  const attempts = Number(payload.attempts ?? 1)
  const words = named('login', 'user', text(payload, 'username'))
  return attempts === 1 ? words : { ...words, description: `${words.description} (${attempts} attempts)` }
}

function repository(payload: Payload): string {
  return `${text(payload, 'projectName')}/${text(payload, 'repository')}`
}

/** What nobody did, the program did by itself. */
function actorIn(payload: Payload): { username: string; address: string | undefined } {
  const actor = payload.actor
  if (typeof actor !== 'object' || actor === null) return { username: 'system', address: undefined }
  const { username, address } = actor as Payload
  return {
    username: typeof username === 'string' && username !== '' ? username : 'anonymous',
    address: typeof address === 'string' ? address : undefined,
  }
}

function text(payload: Payload, key: string): string {
  const value = payload[key]
  return typeof value === 'string' ? value : ''
}

function clean(value: string, longest: number): string {
  return value.replaceAll('\u0000', '').slice(0, longest)
}
