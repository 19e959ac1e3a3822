import { DomainError } from '../platform/errors.ts'
import type { AnyValue, SettingKey } from './keys.ts'

/** Whether people can log in by this mode as yet. */
export function isBuiltMode(mode: string): boolean {
  return mode === 'db_auth'
}

/** Refuses a change of the mode that would lock out those who log in by the one of now, or everybody. */
export function checkAuthMode(mode: string, otherUsersExist: boolean): void {
  if (otherUsersExist) {
    throw new DomainError(
      'bad-request',
      'the auth mode cannot be modified as new users have been inserted into database',
    )
  }
  if (!isBuiltMode(mode)) {
    throw new DomainError('bad-request', `auth mode ${mode} is not available in this release`)
  }
}

/** Refuses what no single setting can tell: `changed` would make `all`. */
export function checkTogether(
  all: ReadonlyMap<SettingKey, AnyValue>,
  changed: ReadonlyMap<SettingKey, AnyValue>,
): void {
  const aboutAudit = changed.has('skip_audit_log_database') || changed.has('audit_log_forward_endpoint')
  if (
    aboutAudit &&
    all.get('skip_audit_log_database') === true &&
    all.get('audit_log_forward_endpoint') === ''
  ) {
    throw new DomainError(
      'bad-request',
      'bad request: audit log forward endpoint should be configured before enable skip audit log in database',
    )
  }
}
