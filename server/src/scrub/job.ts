import type { JobKind } from '../jobs/kind.ts'
import { noteUnseen, readTime } from './findings-store.ts'
import { SCRUB, type ScrubParameters } from './model.ts'
import { createPace } from './pace.ts'
import { openProgress } from './run-state.ts'
import type { ScrubDeps } from './settle-object.ts'
import { tendFindings } from './tend.ts'
import { tidyStore } from './tidy.ts'
import { watchKeys } from './watch-keys.ts'
import { watchObjects } from './watch-objects.ts'

export interface ScrubJobDeps extends ScrubDeps {
  /** How fast objects are read. */
  bytesPerSecond: number
}

/** A run of the scrub: from rows to the store, from the store to rows, then what has come of earlier findings. */
export function scrub(deps: ScrubJobDeps): JobKind {
  return {
    name: SCRUB,
    limit: 1,
    attempts: 1,
    async run(context) {
      const parameters = context.task.input as ScrubParameters
      const pace = createPace(deps.bytesPerSecond)
      const progress = openProgress(context, await readTime(deps.db))
      if (progress.state.phase === 'objects') {
        context.log(describe(parameters, deps.bytesPerSecond))
        await watchObjects({ deps, parameters, pace, progress, context })
        if (parameters.rehash && !parameters.reportOnly) {
          await noteUnseen(deps.db, deps.store, ['unreadable'], new Date(progress.state.begin))
        }
        progress.done({ phase: 'keys' })
        await progress.save()
      }
      if (progress.state.phase === 'keys') {
        await watchKeys({ deps, parameters, pace, progress, context })
        progress.done({ phase: 'end' })
        await progress.save()
      }
      if (!parameters.reportOnly) {
        await tendFindings(deps)
        await tidyStore(deps.storage, context)
      }
      const { result } = progress.state
      context.log(
        `${result.objects} objects of ${result.bytes} bytes, ${result.hashed_bytes} of them hashed, and ${result.keys} keys: ` +
          `${result.missing} missing, ${result.damaged} damaged, ${result.unreadable} unreadable, ${result.healed} healed, ` +
          `${result.restored} restored, ${result.orphans} orphans of ${result.orphan_bytes} bytes, ` +
          `${result.leftovers} left over, ${result.foreign} foreign, ${result.undecided} undecided`,
      )
    },
  }
}

function describe({ reportOnly, rehash }: ScrubParameters, bytesPerSecond: number): string {
  const hashing = rehash ? `, and reads every object, ${bytesPerSecond} bytes a second` : ''
  return `compares database and store${hashing}${reportOnly ? '; changes nothing' : ''}`
}
