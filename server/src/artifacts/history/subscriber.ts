import type { StoredEvent, Subscriber } from '../../platform/events/subscriber.ts'
import { holdLiveRepositories } from '../../repositories/store.ts'
import type { TagMove, TagOperation } from './model.ts'
import { insertMoves, trimHistories } from './store.ts'

/** As many changes of one tag are kept. */
const MOST = 1000

/** THE TABLE: which events change tags, and what it is called. */
const OPERATIONS: Readonly<Record<string, TagOperation>> = {
  'artifact.pushed': 'pushed',
  'artifact.deleted': 'deleted',
  'artifact.restored': 'restored',
  'tag.created': 'tagged',
  'tag.deleted': 'deleted',
  'tag.rolled_back': 'rolled_back',
}

/**
 * Keeps the history of tags, behind the pushes: none of them writes a row more for it. Of repositories that are deleted
 * by now nothing is written: the sweeper has perhaps been there.
 */
export const tagHistory: Subscriber = {
  name: 'tag-history',
  types: Object.keys(OPERATIONS),
  async handle(tx, events) {
    const moves = events.flatMap(movesIn)
    if (moves.length === 0) return
    const live = await holdLiveRepositories(tx, [...new Set(moves.map((move) => move.repositoryId))])
    const kept = moves.filter((move) => live.has(move.repositoryId))
    if (kept.length === 0) return
    await insertMoves(tx, kept)
    const tags = new Map(kept.map((move) => [`${move.repositoryId}:${move.tag}`, move]))
    await trimHistories(tx, [...tags.values()], MOST)
  },
}

/** The tags that an event tells of: those of the artifact that it is about, and those of what came or went with it. */
function movesIn({ id, type, payload, occurrenceTime }: StoredEvent): TagMove[] {
  const operation = OPERATIONS[type]
  if (operation === undefined) return []
  const own = [payload.tags ?? payload.tag].flat().map((name) => ({ name, digest: payload.digest }))
  const others = (Array.isArray(payload.familyTags) ? payload.familyTags : []) as typeof own
  const username = usernameIn(payload.actor)

  return [...own, ...others]
    .filter(({ name }) => typeof name === 'string')
    .map(({ name, digest }) => ({
      repositoryId: Number(payload.repositoryId),
      tag: String(name),
      eventId: id,
      operation,
      digest: operation === 'deleted' ? null : String(digest),
      username,
      time: occurrenceTime,
    }))
}

/** What nobody did, the program did by itself. */
function usernameIn(actor: unknown): string {
  const { username } = (actor ?? {}) as { username?: unknown }
  return typeof username === 'string' ? username : 'system'
}
