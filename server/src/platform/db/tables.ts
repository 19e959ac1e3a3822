import type { ColumnType, Generated } from 'kysely'
import type { Json, OptionalJson, OptionalTime, Time } from './columns.ts'
import type {
  ExecutionsTable,
  PausedKindsTable,
  SchedulesTable,
  TasksTable,
  WorkersTable,
} from './job-tables.ts'
import type { ScrubFindingsTable } from './scrub-tables.ts'
import type { TrashedArtifactsTable, TrashedBlobsTable, TrashedTagsTable } from './trash-tables.ts'
import type { WebhookDeliveriesTable, WebhookLanesTable, WebhookPoliciesTable } from './webhook-tables.ts'

/** The tables as Kysely sees them: columns of `migrations/*.sql`, one interface a table. */

export interface SettingsTable {
  name: string
  value: Json<unknown>
  update_time: Time
}

export interface UsersTable {
  id: Generated<number>
  username: string
  email: string | null
  realname: Generated<string>
  comment: Generated<string>
  password_hash: string | null
  sysadmin: Generated<boolean>
  disabled: Generated<boolean>
  generation: Generated<number>
  creation_time: Time
  update_time: Time
  deletion_time: OptionalTime
}

export interface SessionsTable {
  id_hash: Buffer
  user_id: number
  user_generation: number
  creation_time: Time
  expiry_time: Date
  id: Generated<number>
  address: Generated<string>
}

export interface AccessTokensTable {
  id: Generated<number>
  user_id: number
  name: string
  token_hash: Buffer
  preset: 'full' | 'read-only' | 'custom'
  system_permissions: Generated<string[]>
  project_permissions: Generated<string[]>
  project_ids: number[] | null
  creation_time: Time
  expiry_time: OptionalTime
  last_use_time: OptionalTime
}

export interface OfflineTokensTable {
  token_hash: Buffer
  user_id: number
  user_generation: number
  client_id: Generated<string>
  creation_time: Time
  expiry_time: Date
}

export interface SigningKeysTable {
  kid: string
  algorithm: string
  public_jwk: Json<Record<string, unknown>>
  private_sealed: Buffer
  creation_time: Time
  retirement_time: OptionalTime
}

export interface UserGroupsTable {
  id: Generated<number>
  name: string
  type: number
  ldap_dn: string | null
  creation_time: Time
  update_time: Time
}

export interface UserGroupMembersTable {
  user_id: number
  group_id: number
  creation_time: Time
}

export interface RolesTable {
  id: Generated<number>
  name: string
  description: Generated<string>
  level: 'project' | 'system'
  system_permissions: string[]
  project_permissions: string[]
  creation_time: Time
  update_time: Time
}

export interface RoleBindingsTable {
  id: Generated<number>
  role_id: number
  entity_type: 'u' | 'g'
  entity_id: number
  creation_time: Time
}

export interface ProjectsTable {
  id: Generated<number>
  name: string
  owner_id: number
  public: Generated<boolean>
  metadata: ColumnType<Record<string, string>, string | undefined, string>
  cve_allowlist: OptionalJson<{ items: string[]; expiresAt?: number }>
  storage_limit: number | null
  creation_time: Time
  update_time: Time
  deletion_time: OptionalTime
}

export interface ProjectAliasesTable {
  name: string
  project_id: number
  creation_time: Time
}

export interface MembersTable {
  id: Generated<number>
  project_id: number
  entity_type: 'u' | 'g'
  entity_id: number
  role_id: number
  creation_time: Time
  update_time: Time
}

export interface RobotsTable {
  id: Generated<number>
  project_id: number | null
  name: string
  description: Generated<string>
  duration: number
  expiry_time: OptionalTime
  disabled: Generated<boolean>
  secret_hash: string | null
  visible: Generated<boolean>
  generation: Generated<number>
  creator_type: 'local' | 'robot'
  creator_id: number
  creation_time: Time
  update_time: Time
}

export interface RobotGrantsTable {
  robot_id: number
  kind: 'system' | 'project'
  project_id: number | null
  access: Json<{ resource: string; action: string; effect?: string }[]>
}

export interface RepositoriesTable {
  id: Generated<number>
  project_id: number
  name: string
  description: Generated<string>
  creation_time: Time
  publish_time: OptionalTime
  activity_time: Time
  pull_count: Generated<number>
  deletion_time: OptionalTime
  sweep_time: OptionalTime
  expiry_time: OptionalTime
  deleted_by: string | null
  release_cursor: string | null
  restore_execution: number | null
  trash_name: string | null
  purging: Generated<boolean>
}

export interface RepositoryAliasesTable {
  project_id: number
  name: string
  repository_id: number
  creation_time: Time
}

export interface BlobsTable {
  id: Generated<number>
  digest: string
  size: number
  creation_time: Time
  offer_time: Time
  collected: Generated<boolean>
}

export interface BlobObjectsTable {
  id: Generated<number>
  blob_id: number
  store: string
  key: string
  generation: number
  state: 'stored' | 'deleted' | 'lost' | 'quarantined'
  creation_time: Time
}

export interface DoomedObjectsTable {
  object_id: number
}

export interface RepositoryBlobsTable {
  repository_id: number
  blob_id: number
  creation_time: Time
}

export interface ProjectBlobsTable {
  project_id: number
  blob_id: number
  bytes: number
  creation_time: Time
}

export interface QuotaUsageTable {
  project_id: number
  slot: number
  bytes: number
  allowance: number | null
}

export interface ManifestsTable {
  digest: string
  body: Buffer
}

export interface ArtifactsTable {
  id: Generated<number>
  repository_id: number
  digest: string
  media_type: string
  artifact_type: string | null
  manifest_size: number
  size: number
  subject_digest: string | null
  annotations: ColumnType<Record<string, string>, string | undefined, string>
  type: string | null
  config_media_type: string | null
  extra_attrs: OptionalJson<Record<string, unknown>>
  icon: string | null
  accessory_type: string | null
  accessory_of: string | null
  push_time: Time
  pull_time: OptionalTime
  listed: Generated<boolean>
  tagged: Generated<boolean>
}

export interface ArtifactCountsTable {
  repository_id: number
  delta: number
}

export interface ArtifactBlobsTable {
  artifact_id: number
  blob_id: number
  repository_id: number
}

export interface ArtifactChildrenTable {
  artifact_id: number
  position: number
  child_digest: string
  platform: OptionalJson<Record<string, unknown>>
  annotations: OptionalJson<Record<string, string>>
}

export interface TagsTable {
  id: Generated<number>
  repository_id: number
  name: string
  artifact_id: number
  push_time: Time
  pull_time: OptionalTime
}

export interface UploadsTable {
  id: string
  repository_id: number
  store: string
  storage_state: Json<unknown>
  algorithm: 'sha256' | 'sha512'
  offset: Generated<number>
  offset_digest: string
  epoch: Generated<number>
  writing: Generated<boolean>
  creation_time: Time
  update_time: Time
}

export interface LabelsTable {
  id: Generated<number>
  project_id: number | null
  name: string
  description: Generated<string>
  color: Generated<string>
  creation_time: Time
  update_time: Time
}

export interface ImmutableRulesTable {
  id: Generated<number>
  project_id: number
  disabled: Generated<boolean>
  content: Json<unknown>
  creation_time: Time
}

export interface RetentionPoliciesTable {
  id: Generated<number>
  project_id: number | null
  rules: Json<unknown>
  creation_time: Time
  update_time: Time
}

export interface ArtifactLabelsTable {
  artifact_id: number
  label_id: number
  creation_time: Time
}

export interface EventsTable {
  id: Generated<number>
  xid: Generated<string>
  type: string
  payload: Json<unknown>
  occurrence_time: Time
  traceparent: string | null
}

export interface EventSubscribersTable {
  name: string
  done_xid: string
  window_xid: string | null
  done_id: Generated<number>
  failures: Generated<number>
  retry_time: OptionalTime
  failing_since: OptionalTime
  failing_id: number | null
  last_error: Generated<string>
}

export interface AuditLogTable {
  id: Generated<number>
  op_time: Date
  project_id: Generated<number>
  operation: string
  resource_type: string
  resource: Generated<string>
  project_name: Generated<string>
  username: Generated<string>
  op_desc: Generated<string>
  op_result: Generated<boolean>
  source_ip: string | null
}

export interface AuditCountsTable {
  grain: 'd' | 'p' | 'u' | 'q' | 't'
  project_id: number
  username: string
  /** A day, `yyyy-mm-dd`. */
  period: ColumnType<Date, string, string>
  operation: string
  resource_type: string
  op_result: boolean
  rows: number
}

export interface AuditUserCountsTable {
  project_id: number
  /** The first day of a month, `yyyy-mm-dd`, or `infinity`. */
  period: ColumnType<Date, string, string>
  username: string
  operation: string
  resource_type: string
  op_result: boolean
  rows: number
}

export interface LegacyAuditLogTable {
  id: number
  op_time: Date
  project_id: number
  operation: string
  resource_type: string
  resource: string
  username: string
}

export interface EventDeadLettersTable {
  id: Generated<number>
  subscriber: string
  event_id: number
  type: string
  payload: Json<Record<string, unknown>>
  occurrence_time: Date
  error: string
  attempts: number
  creation_time: Time
}

export interface AuditRemovalsTable {
  log: 'audit_log' | 'legacy_audit_log'
  times: number
}

export interface AuditForwardsTable {
  id: Generated<number>
  entry: Json<unknown>
}

export interface TagHistoryTable {
  repository_id: number
  tag: string
  event_id: number
  operation: string
  digest: string | null
  username: string | null
  op_time: Date
}

export interface Tables {
  settings: SettingsTable
  users: UsersTable
  sessions: SessionsTable
  access_tokens: AccessTokensTable
  offline_tokens: OfflineTokensTable
  signing_keys: SigningKeysTable
  user_groups: UserGroupsTable
  user_group_members: UserGroupMembersTable
  roles: RolesTable
  role_bindings: RoleBindingsTable
  projects: ProjectsTable
  project_aliases: ProjectAliasesTable
  members: MembersTable
  robots: RobotsTable
  robot_grants: RobotGrantsTable
  repositories: RepositoriesTable
  repository_aliases: RepositoryAliasesTable
  blobs: BlobsTable
  blob_objects: BlobObjectsTable
  doomed_objects: DoomedObjectsTable
  repository_blobs: RepositoryBlobsTable
  project_blobs: ProjectBlobsTable
  quota_usage: QuotaUsageTable
  manifests: ManifestsTable
  artifacts: ArtifactsTable
  artifact_counts: ArtifactCountsTable
  artifact_blobs: ArtifactBlobsTable
  artifact_children: ArtifactChildrenTable
  tags: TagsTable
  uploads: UploadsTable
  labels: LabelsTable
  artifact_labels: ArtifactLabelsTable
  immutable_rules: ImmutableRulesTable
  retention_policies: RetentionPoliciesTable
  events: EventsTable
  event_subscribers: EventSubscribersTable
  event_dead_letters: EventDeadLettersTable
  audit_log: AuditLogTable
  audit_counts: AuditCountsTable
  audit_user_counts: AuditUserCountsTable
  legacy_audit_log: LegacyAuditLogTable
  legacy_audit_counts: AuditCountsTable
  legacy_audit_user_counts: AuditUserCountsTable
  audit_removals: AuditRemovalsTable
  audit_forwards: AuditForwardsTable
  trashed_artifacts: TrashedArtifactsTable
  scrub_findings: ScrubFindingsTable
  trashed_blobs: TrashedBlobsTable
  trashed_tags: TrashedTagsTable
  tag_history: TagHistoryTable
  executions: ExecutionsTable
  tasks: TasksTable
  workers: WorkersTable
  paused_kinds: PausedKindsTable
  schedules: SchedulesTable
  webhook_policies: WebhookPoliciesTable
  webhook_deliveries: WebhookDeliveriesTable
  webhook_lanes: WebhookLanesTable
}
