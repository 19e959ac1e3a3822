import type { EventPayloads, EventType, HeardEvent } from '../platform/events/catalogue.ts'
import { LONGEST, type NewAuditRow } from './model.ts'

/** What the audit log says of an event: what was done, to what, and in words. */
interface Words {
  operation: string
  resourceType: string
  resource: string
  description: string
  succeeded?: boolean
}

/** THE TABLE: how the audit log tells of each event that there is; undefined where it does not. */
const WORDS: { readonly [T in EventType]: ((payload: EventPayloads[T]) => Words) | undefined } = {
  // No person does it: the job service shows it.
  'execution.ended': undefined,
  'project.created': (p) => plain('create', 'project', p.name),
  'project.updated': (p) => named('update', 'project', p.name),
  'project.deleted': (p) => plain('delete', 'project', p.name),
  'member.created': (p) => named('create', 'member', p.name),
  'member.updated': (p) => named('update', 'member', p.name),
  'member.deleted': (p) => named('delete', 'member', p.name),
  'group.created': (p) => named('create', 'usergroup', p.name),
  'group.updated': (p) => named('update', 'usergroup', p.name),
  'group.deleted': (p) => named('delete', 'usergroup', p.name),
  'robot.created': (p) => named('create', 'robot', p.name),
  'robot.updated': (p) => named('update', 'robot', p.name),
  'robot.secret_renewed': (p) => ({
    ...named('update', 'robot', p.name),
    description: `renew secret of robot with name: ${p.name}`,
  }),
  'robot.deleted': (p) => named('delete', 'robot', p.name),
  'access_token.created': (p) => named('create', 'access-token', p.name),
  'access_token.revoked': (p) => named('delete', 'access-token', p.name),
  'session.revoked': (p) => named('delete', 'session', p.username),
  'role.created': (p) => named('create', 'role', p.name),
  'role.updated': (p) => named('update', 'role', p.name),
  'role.deleted': (p) => named('delete', 'role', p.name),
  'role.bound': (p) => ({
    ...named('update', 'role', p.name),
    description: `give role ${p.name} to ${p.entityName}`,
  }),
  'role.unbound': (p) => ({
    ...named('update', 'role', p.name),
    description: `take role ${p.name} from ${p.entityName}`,
  }),
  'user.created': (p) => named('create', 'user', p.username),
  'user.updated': (p) => named('update', 'user', p.username),
  'user.password_changed': (p) => ({
    ...named('update', 'user', p.username),
    description: `change password of user with name: ${p.username}`,
  }),
  'user.deleted': (p) => named('delete', 'user', p.username),
  'user.logged_in': (p) => named('login', 'user', p.username),
  'user.logged_out': (p) => named('logout', 'user', p.username),
  'user.login_failed': (p) => ({ ...failedLogin(p), succeeded: false }),
  'project.renamed': (p) => ({
    ...plain('update', 'project', p.name),
    description: `rename project: ${p.formerName} to ${p.name}`,
  }),
  'project.alias_dropped': (p) => ({
    ...plain('update', 'project', p.projectName),
    description: `drop former name of project: ${p.name}`,
  }),
  'repository.renamed': (p) => ({
    ...plain('update', 'repository', p.repository),
    description: `rename repository: ${p.formerRepository} to ${p.repository}`,
  }),
  'repository.moved': (p) => ({
    ...plain('update', 'repository', p.repository),
    description: `move repository: ${p.formerRepository} to ${p.repository}`,
  }),
  'repository.left': (p) => ({
    ...plain('update', 'repository', p.formerRepository),
    description: `move repository: ${p.formerRepository} to ${p.repository}`,
  }),
  'repository.alias_dropped': (p) => ({
    ...plain('update', 'repository', p.repository),
    description: `drop former name of repository: ${p.repository}`,
  }),
  'quota.updated': (p) => ({
    ...plain('update', 'quota', p.projectName),
    description: `update quota of project: ${p.projectName} to ${p.limit}`,
  }),
  'quota.exceeded': (p) => ({
    ...plain('create', 'artifact', nameOf(p)),
    description: `push to repository: ${nameOf(p)} exceeds the quota`,
    succeeded: false,
  }),
  'immutable-rule.created': (p) => named('create', 'immutable', p.name),
  'immutable-rule.updated': (p) => named('update', 'immutable', p.name),
  'immutable-rule.deleted': (p) => named('delete', 'immutable', p.name),
  'retention.created': (p) => named('create', 'tag_retention', p.name),
  'retention.updated': (p) => named('update', 'tag_retention', p.name),
  'retention.deleted': (p) => named('delete', 'tag_retention', p.name),
  // Each deletion is told.
  'retention.applied': undefined,
  'retention.started': (p) => named('update', 'tag_retention', p.name),
  'webhook.created': (p) => named('create', 'webhook', p.name),
  'webhook.updated': (p) => named('update', 'webhook', p.name),
  'webhook.deleted': (p) => named('delete', 'webhook', p.name),
  'webhook.redelivered': (p) => ({
    ...named('update', 'webhook', p.name),
    description: `deliver again an event of webhook with name: ${p.name}`,
  }),
  'webhook.replayed': (p) => ({
    ...named('update', 'webhook', p.name),
    description: `replay dead letters of webhook with name: ${p.name}`,
  }),
  'dead_letter.replayed': (p) => ({
    ...plain('update', 'dead-letter', String(p.eventId)),
    description: `replay event ${p.eventId} (${p.eventType}) for ${p.name}`,
  }),
  'dead_letter.discarded': (p) => ({
    ...plain('delete', 'dead-letter', String(p.eventId)),
    description: `give up event ${p.eventId} (${p.eventType}) for ${p.name}`,
  }),
  'cve_allowlist.updated': () => ({
    ...plain('update', 'configuration', ''),
    description: 'update system CVE allowlist',
  }),
  'label.created': (p) => named('create', 'label', p.name),
  'label.updated': (p) => named('update', 'label', p.name),
  'label.deleted': (p) => named('delete', 'label', p.name),
  'configuration.updated': (p) => ({
    ...plain('update', 'configuration', 'configuration'),
    description: `update configuration: ${p.keys.join(', ')}`,
  }),
  'artifact.labeled': (p) => ofArtifact('update', 'label', p),
  'artifact.unlabeled': (p) => ofArtifact('update', 'unlabel', p),
  'artifact.pushed': (p) => ofArtifact('create', 'push', p),
  'artifact.deleted': (p) => ofArtifact('delete', 'delete', p),
  'artifact.restored': (p) => ofArtifact('create', 'restore', p),
  'blob.lost': (p) => ({
    ...plain('update', 'blob', p.digest),
    description: `blob ${p.reason}: ${p.digest}, ${lossOf(p)}`,
    succeeded: false,
  }),
  'blob.recovered': (p) => ({
    ...plain('update', 'blob', p.digest),
    description: `blob recovered: ${p.digest}`,
  }),
  'finding.restored': (p) => ({
    ...plain('update', 'scrub-finding', p.key),
    description: `restore object: ${p.key} (${p.kind})`,
  }),
  'finding.discarded': (p) => ({
    ...plain('delete', 'scrub-finding', p.key),
    description: `discard object: ${p.key} (${p.kind})`,
  }),
  'artifact.purged': (p) => ofArtifact('delete', 'purge', p),
  'repository.updated': (p) => plain('update', 'repository', nameOf(p)),
  'repository.deleted': (p) => plain('delete', 'repository', nameOf(p)),
  'repository.restored': (p) => ({
    ...plain('create', 'repository', nameOf(p)),
    description: `restore repository: ${nameOf(p)}`,
  }),
  'repository.purged': (p) => ({
    ...plain('delete', 'repository', nameOf(p)),
    description: `purge repository: ${nameOf(p)}`,
  }),
  'tag.restored': (p) => ofTag('create', 'restore', p),
  'tag.purged': (p) => ofTag('delete', 'purge', p),
  'tag.created': (p) => plain('create', 'tag', `${nameOf(p)}:${p.tag}`),
  'tag.deleted': (p) => plain('delete', 'tag', `${nameOf(p)}:${p.tag}`),
  'tag.rolled_back': (p) => {
    const tag = `${nameOf(p)}:${p.tag}`
    return { ...plain('update', 'tag', tag), description: `roll back tag: ${tag} to ${p.digest}` }
  },
}

/** Types of the events that the audit log tells of. */
export const AUDITED_EVENTS = Object.entries(WORDS).flatMap(([type, words]) =>
  words ? [type as EventType] : [],
)

/** The row of an event. Only what the table above picks gets into it: no payload is written down as a whole. */
export function toRow({ type, payload, occurrenceTime }: HeardEvent): NewAuditRow | undefined {
  const words = WORDS[type] as ((of: typeof payload) => Words) | undefined
  if (!words) return undefined
  const common = payload as Common
  const ofProject = type.startsWith('project.') ? common.name : undefined

  return rowOf(words(payload), { ...common, projectName: common.projectName || ofProject }, occurrenceTime)
}

/** What the log tells of a pull. They come in thousands and nobody else waits for them: none has an event of its own. */
export interface AuditedPull {
  projectId: number
  projectName: string
  repository: string
  digest: string
  tag?: string
  actor: { username: string } | undefined
  address: string
  time: Date
}

/** The row of a pull. */
export function toPullRow({ time, actor, address, tag, ...pull }: AuditedPull): NewAuditRow {
  const words = ofArtifact('pull', 'pull', { ...pull, tags: tag === undefined ? [] : [tag] })
  return rowOf(words, { ...pull, actor: { username: actor?.username ?? '', address } }, time)
}

/** What stands in the payloads of many. */
interface Common {
  projectId?: number | undefined
  projectName?: string | undefined
  name?: string
  actor?: { username?: string; address?: string } | undefined
}

function rowOf(words: Words, { projectId, projectName, actor }: Common, opTime: Date): NewAuditRow {
  // What nobody did, the program did by itself.
  const username = actor ? actor.username || 'anonymous' : 'system'
  return {
    ...words,
    opTime,
    resource: clean(words.resource, LONGEST.resource),
    description: clean(words.description, LONGEST.description),
    succeeded: words.succeeded ?? true,
    projectId: projectId ?? 0,
    projectName: projectName ?? '',
    username: clean(username, LONGEST.username),
    address: actor?.address && clean(actor.address, LONGEST.address),
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
function ofArtifact(
  operation: string,
  verb: string,
  artifact: { projectName: string; repository: string; digest: string; tags?: readonly string[] },
): Words {
  const byDigest = `${nameOf(artifact)}@${artifact.digest}`
  const [tag] = artifact.tags ?? []
  const resource = tag === undefined ? byDigest : `${nameOf(artifact)}:${tag}`
  return { operation, resourceType: 'artifact', resource, description: `${verb} artifact: ${byDigest}` }
}

function ofTag(
  operation: string,
  verb: string,
  event: { projectName: string; repository: string; tag: string },
): Words {
  const tag = `${nameOf(event)}:${event.tag}`
  return { ...plain(operation, 'tag', tag), description: `${verb} tag: ${tag}` }
}

function lossOf({ healed, neededBy }: { healed: boolean; neededBy: readonly string[] }): string {
  if (healed) return 'put back from the database'
  return neededBy.length === 0 ? 'nothing needs it' : `needed by ${neededBy.join(', ')}`
}

/** Many failures within a minute are one entry; those of very many names have no name. */
function failedLogin({ username, attempts }: { username: string; attempts: number }): Words {
  const words = named('login', 'user', username)
  return attempts === 1 ? words : { ...words, description: `${words.description} (${attempts} attempts)` }
}

function nameOf({ projectName, repository }: { projectName: string; repository: string }): string {
  return `${projectName}/${repository}`
}

function clean(value: string, longest: number): string {
  return value.replaceAll('\u0000', '').slice(0, longest)
}
