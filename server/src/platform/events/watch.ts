import type { KyselyPlugin, RootOperationNode } from 'kysely'
import type { Database } from '../db/database.ts'

/**
 * The same database, which calls `onEvent` whenever an event is about to be written through it. That is the last
 * statement of its transaction, so the commit follows at once.
 */
export function watchEvents(db: Database, onEvent: () => void): Database {
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      if (writesEvents(node)) onEvent()
      return node
    },
    transformResult: async ({ result }) => result,
  }
  return db.withPlugin(plugin)
}

function writesEvents(node: RootOperationNode): boolean {
  return node.kind === 'InsertQueryNode' && node.into?.table.identifier.name === 'events'
}
