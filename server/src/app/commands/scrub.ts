import type { Database } from '../../platform/db/database.ts'
import { FatalError } from '../../platform/errors.ts'
import { createLogger } from '../../platform/log/logger.ts'
import { createPace } from '../../scrub/pace.ts'
import { makeReport } from '../../scrub/report/report.ts'
import { reportText } from '../../scrub/report/text.ts'
import { openStorage } from '../../storage/open.ts'
import { withDatabase } from '../offline-database.ts'
import { storageOptions } from '../storage.ts'
import type { CommandInput } from './input.ts'

/** How long a transaction is waited for that may know an object which no row knows. */
const PATIENCE_MS = 60_000

/** Exits with 1 where store and database do not agree. */
export async function run({ config, options }: CommandInput): Promise<void> {
  if (options.report !== true) {
    throw new FatalError(
      'scrub needs --report; what changes something is started at /api/v2.0/system/scrub',
      {
        exitCode: 2,
      },
    )
  }
  const inForce = config()
  const { sparseImages, sparseIndex } = inForce.registry
  const log = createLogger(inForce, 'stderr')
  const work = async (db: Database) => {
    const storage = await openStorage(storageOptions(inForce))
    try {
      const rehash = options.rehash === true ? createPace(undefined) : undefined
      const deps = { db, storage, store: inForce.storage.driver, rehash, patienceMilliseconds: PATIENCE_MS }
      return await makeReport(deps, { sparseImages, sparseIndex })
    } finally {
      await storage.close()
    }
  }
  const report = await withDatabase(inForce, log, work, { readOnly: true })
  process.stdout.write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(report))
  if (!report.agree) process.exitCode = 1
}
