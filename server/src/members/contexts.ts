import type { Principal } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { findContexts, type NamedContext } from './context-store.ts'

/** Projects by name, the present one and the one asked for, each with the caller's roles in it. */
export type Contexts = ReadonlyMap<string, NamedContext>

/** The live projects of these names with what the caller is in them: one statement. */
export async function contextsOf(
  db: Database,
  principal: Principal,
  names: readonly string[],
): Promise<Contexts> {
  if (names.length === 0) return new Map()
  const userId = principal.kind === 'user' ? principal.id : undefined
  const found = await findContexts(
    db,
    names.map((name) => ({ name, userId })),
  )
  const contexts = new Map<string, NamedContext>()
  for (const [index, name] of names.entries()) {
    const context = found[index]
    if (context) contexts.set(name, context).set(context.name, context)
  }
  return contexts
}
