import type { ProjectPermission, SystemPermission } from './permissions.ts'

/**
 * What a robot account may be given, as Harbor lists it under `GET /permissions`: per scope the resources
 * with their actions, in Harbor's order.
 */
const SYSTEM = {
  'audit-log': 'list',
  'preheat-instance': 'read create delete list update',
  project: 'list create',
  'replication-policy': 'read create delete list update',
  replication: 'read create list',
  'replication-adapter': 'list',
  registry: 'read create delete list update',
  'scan-all': 'read update stop create',
  'system-volumes': 'read',
  'garbage-collection': 'read create list update stop',
  'purge-audit': 'read create list update stop',
  'jobservice-monitor': 'list stop',
  scanner: 'read create delete list update',
  label: 'read create delete update',
  'security-hub': 'read list',
  catalog: 'read',
  quota: 'read list update',
  robot: 'create read list delete',
  user: 'create read update list delete',
  'ldap-user': 'create list',
  'user-group': 'create read update list delete',
}

const PROJECT = {
  log: 'list',
  project: 'read delete update',
  metadata: 'read create delete list update',
  repository: 'read update delete list pull push',
  artifact: 'read create list delete',
  scan: 'create read stop',
  sbom: 'create stop read',
  tag: 'create list delete',
  accessory: 'list',
  'artifact-addition': 'read',
  'artifact-label': 'create delete',
  scanner: 'create read',
  'preheat-policy': 'read create delete list update',
  'immutable-tag': 'create delete list update',
  'notification-policy': 'read create delete list update',
  'tag-retention': 'read create delete list update',
  label: 'read create delete list update',
  quota: 'read',
  robot: 'create read list delete',
  'export-cve': 'create read',
  member: 'create read update list delete',
}

export const SYSTEM_CATALOGUE = wordsOf(SYSTEM) as readonly SystemPermission[]
export const PROJECT_CATALOGUE = wordsOf(PROJECT) as readonly ProjectPermission[]

function wordsOf(table: Record<string, string>): string[] {
  return Object.entries(table).flatMap(([resource, actions]) =>
    actions.split(' ').map((action) => `${resource}:${action}`),
  )
}
