import { DomainError } from '../platform/errors.ts'
import type { Settings } from './settings.ts'

/** Throws denied while the system takes no changes. */
export function checkWritable(settings: Settings): void {
  if (settings.get('read_only')) {
    throw new DomainError('denied', 'The system is in read only mode. Any modification is prohibited.')
  }
}
