import { eventNames } from './audit-events.ts'
import type { Settings } from './settings.ts'

/** The audit events that are turned off at this moment. */
export function disabledAuditEvents(settings: Settings): ReadonlySet<string> {
  const names = eventNames(settings.get('disabled_audit_log_event_types'))
  return new Set(settings.get('pull_audit_log_disable') ? [...names, 'pull_artifact'] : names)
}
