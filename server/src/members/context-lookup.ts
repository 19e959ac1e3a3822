import type { Principal } from '../access/model.ts'
import { foldLookups } from '../lib/fold.ts'
import type { Database } from '../platform/db/database.ts'
import { type ContextKey, findContexts, type NamedContext } from './context-store.ts'

/** The live project of a name with the principal's roles in it: what every decision of the data plane is about. */
export type FindContext = (principal: Principal, name: string) => Promise<NamedContext | undefined>

/** Requests that arrive together cost one query together; nothing is remembered from one to the next. */
export function createContextLookup(db: Database): FindContext {
  const find = foldLookups(
    (keys: readonly ContextKey[]) => findContexts(db, keys),
    ({ userId, name }) => `${userId ?? ''}/${name}`,
  )

  return (principal, name) => find({ name, userId: principal.kind === 'user' ? principal.id : undefined })
}
