import { connectDatabase } from '../../platform/db/connect.ts'
import { migrate } from '../../platform/db/migrate.ts'
import { createLogger } from '../../platform/log/logger.ts'
import { openDataDirectory } from '../data-directory.ts'
import type { CommandInput } from './input.ts'

export async function run({ config }: CommandInput): Promise<void> {
  const inForce = config()
  const log = createLogger(inForce, 'stderr')
  const held = await openDataDirectory(inForce)
  try {
    const database = await connectDatabase(inForce, log)
    try {
      const { version, applied } = await migrate(database.db, { log })
      const done = applied === 0 ? 'nothing to do' : `${applied} migration${applied === 1 ? '' : 's'} applied`
      process.stdout.write(`schema ${version}, ${done}\n`)
    } finally {
      await database.close()
    }
  } finally {
    held.release()
  }
}
