import type { SystemJob } from '../jobs/system-job/service.ts'
import { DomainError } from '../platform/errors.ts'
import { GARBAGE_COLLECTION, type GcParameters } from './job.ts'

const MOST_WORKERS = 10

/** The collection as it is started and scheduled. */
export function gcSystemJob(graceSeconds: number): SystemJob {
  return {
    name: GARBAGE_COLLECTION,
    what: 'scheduled gc',
    readParameters(given) {
      const workers = given.workers ?? 0
      if (given.workers !== undefined && !isCountOfWorkers(workers)) {
        throw new DomainError(
          'bad-request',
          `Error: Invalid number of workers:${JSON.stringify(workers)}. Workers must be greater than 0 and less than or equal to ${MOST_WORKERS}.`,
        )
      }
      return {
        delete_untagged: given.delete_untagged === true,
        // Bytes in the store are its own matter: there is no other registry to delete tags from.
        delete_tag: false,
        dry_run: given.dry_run === true,
        workers,
        time_window: Math.ceil(graceSeconds / 3600),
      }
    },
    toInput: (parameters): GcParameters => ({
      deleteUntagged: parameters.delete_untagged === true,
      dryRun: parameters.dry_run === true,
      workers: Number(parameters.workers) || 1,
    }),
  }
}

function isCountOfWorkers(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= MOST_WORKERS
}
