import { SLICES } from './slices.ts'

/**
 * Rules about the words that may stand in a file of server/src, where import rules do not reach: SQL
 * lives in stores, each table belongs to one slice, HTTP is spoken at the edge.
 */

/** The folder whose stores write the table. A new table gets its row here with its migration. */
const OWNERS: Record<string, string> = {
  settings: 'settings',
  users: 'users',
  roles: 'roles',
  role_bindings: 'roles',
  user_groups: 'groups',
  user_group_members: 'groups',
  sessions: 'auth',
  offline_tokens: 'auth',
  access_tokens: 'auth',
  signing_keys: 'auth',
  projects: 'projects',
  project_aliases: 'projects',
  members: 'members',
  labels: 'labels',
  artifact_labels: 'labels',
  audit_log: 'audit',
  audit_counts: 'audit',
  audit_user_counts: 'audit',
  legacy_audit_log: 'audit',
  legacy_audit_counts: 'audit',
  legacy_audit_user_counts: 'audit',
  audit_removals: 'audit',
  audit_forwards: 'audit',
  robots: 'robots',
  robot_grants: 'robots',
  project_blobs: 'quotas',
  quota_usage: 'quotas',
  repositories: 'repositories',
  repository_aliases: 'repositories',
  blobs: 'blobs',
  blob_objects: 'blobs',
  doomed_objects: 'blobs',
  repository_blobs: 'blobs',
  uploads: 'blobs',
  manifests: 'artifacts',
  artifacts: 'artifacts',
  artifact_counts: 'artifacts',
  artifact_blobs: 'artifacts',
  artifact_children: 'artifacts',
  tags: 'artifacts',
  trashed_artifacts: 'artifacts',
  trashed_blobs: 'artifacts',
  trashed_tags: 'artifacts',
  tag_history: 'artifacts',
  executions: 'jobs',
  tasks: 'jobs',
  workers: 'jobs',
  paused_kinds: 'jobs',
  schedules: 'jobs',
  immutable_rules: 'immutability',
  retention_policies: 'retention',
  scrub_findings: 'scrub',
  webhook_policies: 'webhooks',
  webhook_deliveries: 'webhooks',
  webhook_lanes: 'webhooks',
  events: 'platform/events',
  event_subscribers: 'platform/events',
  event_dead_letters: 'platform/events',
}

/** Stores that read a table from below, each with its reason. */
const MAY_READ: { folder: string; table: string; because: string }[] = [
  { folder: 'projects', table: 'members', because: 'a page of projects shows those one is a member of' },
  {
    folder: 'labels',
    table: 'artifacts',
    because: 'labels stay behind when a repository leaves their project',
  },
]

/** Files outside the edge that may use words of HTTP, each with its reason. */
const MAY_SPEAK_HTTP: { file: string; because: string }[] = []

export interface SourceFile {
  /** Below server/src, with forward slashes. */
  path: string
  text: string
}

/** The complaints about these files; `tables` are the names in the migrations. */
export function textComplaints(files: readonly SourceFile[], tables: readonly string[]): string[] {
  const ownerless = tables
    .filter((table) => !(table in OWNERS))
    .map((table) => `table ${table} has no owner in scripts/check/text-rules.ts`)

  return [
    ...ownerless,
    ...files.filter((file) => !isTestCode(file.path)).flatMap((file) => complaintsAbout(file)),
  ]
}

function complaintsAbout(file: SourceFile): string[] {
  const code = withoutComments(file.text)

  return [
    ...sqlOutsideStores(file.path, code),
    ...foreignTables(file.path, code),
    ...httpInside(file.path, code),
  ]
}

const STATEMENT = /\bsql(<[^>]*>)?`|\.(selectFrom|insertInto|updateTable|deleteFrom|mergeInto)\(/

function sqlOutsideStores(path: string, code: string): string[] {
  if (isStore(path)) return []
  const line = lineOf(code, STATEMENT)

  return line === undefined ? [] : [`server/src/${path}:${line}: SQL belongs into a store.ts`]
}

const WRITES =
  /\.(?:insertInto|updateTable|deleteFrom|mergeInto)\(\s*['"`](\w+)|\b(?:insert into|update|delete from)\s+"?(\w+)/gi
const READS =
  /\.(?:selectFrom|from|using|innerJoin|leftJoin|rightJoin|fullJoin)\(\s*\[?\s*['"`](\w+)|\b(?:from|join)\s+"?(\w+)/gi

function foreignTables(path: string, code: string): string[] {
  const folder = isStore(path) ? ownerFolder(path) : undefined
  if (folder === undefined) return []

  const written = namedTables(code, WRITES)
    .filter((table) => OWNERS[table] !== folder)
    .map((table) => `server/src/${path}: ${table} is written by ${OWNERS[table]} only`)
  const read = namedTables(code, READS)
    .filter((table) => OWNERS[table] !== folder && !mayRead(folder, table))
    .map((table) => `server/src/${path}: ${table} is a table of ${OWNERS[table]}, which is not above`)

  return [...written, ...read]
}

function namedTables(code: string, pattern: RegExp): string[] {
  const names = [...code.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? '')

  return [...new Set(names)].filter((name) => Object.hasOwn(OWNERS, name))
}

function mayRead(folder: string, table: string): boolean {
  const isAbove = SLICES.indexOf(OWNERS[table] ?? '') < SLICES.indexOf(folder)

  return isAbove || MAY_READ.some((row) => row.folder === folder && row.table === table)
}

const HTTP_WORD = /\b(statusCode|FastifyRequest|FastifyReply|FastifyPlugin\w*|reply\.\w+)\b/

function httpInside(path: string, code: string): string[] {
  const atTheEdge =
    /[/-]routes\.ts$/.test(path) ||
    /^(registry|platform\/(http|outbound)|app)\//.test(path) ||
    MAY_SPEAK_HTTP.some(({ file }) => file === path)
  const line = atTheEdge ? undefined : lineOf(code, HTTP_WORD)

  return line === undefined ? [] : [`server/src/${path}:${line}: HTTP belongs into routes.ts`]
}

function isStore(path: string): boolean {
  return /[/-]store\.ts$/.test(path) || /^platform\/(db|events)\//.test(path)
}

function isTestCode(path: string): boolean {
  return /\.(test|suite)\.ts$|\/testing(\/.*|[^/]*)\.ts$/.test(path)
}

/** `platform/events` and `platform/db` own as folders of their own; the database folder may name any table. */
function ownerFolder(path: string): string | undefined {
  if (path.startsWith('platform/db/')) return undefined

  return path.startsWith('platform/') ? path.split('/').slice(0, 2).join('/') : path.split('/')[0]
}

/** Blanks comments that begin a line or end one, keeping the line numbers. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|\s)\/\/.*$/gm, '$1')
}

function lineOf(code: string, pattern: RegExp): number | undefined {
  const index = code.search(pattern)

  return index < 0 ? undefined : code.slice(0, index).split('\n').length
}
