import { ARTIFACT_ROWS } from './artifact-rows.ts'
import { AUDIT_ROWS } from './audit-rows.ts'
import { GROUP_ROWS } from './group-rows.ts'
import { IMMUTABLE_ROWS } from './immutable-rows.ts'
import { JOB_ROWS } from './job-rows.ts'
import { LABEL_ROWS } from './label-rows.ts'
import { MEDIA_ROWS } from './media-rows.ts'
import { MEMBER_ROWS } from './member-rows.ts'
import { PROJECT_ROWS } from './project-rows.ts'
import { QUOTA_ROWS } from './quota-rows.ts'
import { REPOSITORY_ROWS } from './repository-rows.ts'
import { RETENTION_ROWS } from './retention-rows.ts'
import { ROBOT_ROWS } from './robot-rows.ts'
import type { Row } from './row.ts'
import { SETTINGS_ROWS } from './settings-rows.ts'
import type { Extras } from './shape.ts'
import { SYSTEM_JOB_ROWS } from './system-job-rows.ts'
import { SYSTEM_ROWS } from './system-rows.ts'
import { USER_ROWS } from './user-rows.ts'
import { VIEW_ROWS } from './view-rows.ts'
import { WEBHOOK_ROWS } from './webhook-rows.ts'

/** A row for each operation of Harbor's that is built. */
export const ROWS: readonly Row[] = [
  ...SYSTEM_ROWS,
  ...USER_ROWS,
  ...PROJECT_ROWS,
  ...MEMBER_ROWS,
  ...GROUP_ROWS,
  ...LABEL_ROWS,
  ...REPOSITORY_ROWS,
  ...ARTIFACT_ROWS,
  ...ROBOT_ROWS,
  ...SETTINGS_ROWS,
  ...MEDIA_ROWS,
  ...AUDIT_ROWS,
  ...VIEW_ROWS,
  ...QUOTA_ROWS,
  ...JOB_ROWS,
  ...SYSTEM_JOB_ROWS,
  ...IMMUTABLE_ROWS,
  ...RETENTION_ROWS,
  ...WEBHOOK_ROWS,
]

/**
 * Fields in which a running Harbor differs from the facts that its description gives, or that are ours: they may
 * be there, and may be empty.
 */
export const LENIENT: Extras = {
  // A running Harbor shows them.
  ConfigurationsResponse: ['pull_time_update_disable', 'pull_count_update_disable', 'pull_audit_log_disable'],
}
