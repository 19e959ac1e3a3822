import type { EventType, HeardEvent } from '../../platform/events/catalogue.ts'
import { subscriber } from '../../platform/events/subscriber.ts'
import { holdKeptRepositories } from '../../repositories/store.ts'
import type { TagMove, TagOperation } from './model.ts'
import { insertMoves, trimHistories } from './store.ts'

/** As many changes of one tag are kept. */
const MOST = 1000

/** THE TABLE: which events change tags, and what it is called. */
const OPERATIONS = {
  'artifact.pushed': 'pushed',
  'artifact.deleted': 'deleted',
  'artifact.restored': 'restored',
  'tag.created': 'tagged',
  'tag.deleted': 'deleted',
  'tag.restored': 'restored',
  'tag.rolled_back': 'rolled_back',
} as const satisfies { readonly [T in EventType]?: TagOperation }

type TagEventType = keyof typeof OPERATIONS

/**
 * Keeps the history of tags, behind the pushes: none of them writes a row more for it. Of repositories that are gone by
 * now nothing is written: the sweeper has perhaps been there.
 */
export const tagHistory = subscriber({
  name: 'tag-history',
  types: Object.keys(OPERATIONS) as TagEventType[],
  async handle(tx, events) {
    const moves = events.flatMap(movesIn)
    if (moves.length === 0) return
    const live = await holdKeptRepositories(tx, [...new Set(moves.map((move) => move.repositoryId))])
    const kept = moves.filter((move) => live.has(move.repositoryId))
    if (kept.length === 0) return
    await insertMoves(tx, kept)
    const tags = new Map(kept.map((move) => [`${move.repositoryId}:${move.tag}`, move]))
    await trimHistories(tx, [...tags.values()], MOST)
  },
})

/** The tags that an event tells of: those of the artifact that it is about, and those of what came or went with it. */
function movesIn({ id, type, payload, occurrenceTime }: HeardEvent<TagEventType>): TagMove[] {
  const operation = OPERATIONS[type]
  const { repositoryId, digest, actor } = payload
  const own = ('tags' in payload ? payload.tags : [payload.tag]).map((name) => ({ name, digest }))
  const others = 'familyTags' in payload ? (payload.familyTags ?? []) : []

  return [...own, ...others].map((tag) => ({
    repositoryId,
    tag: tag.name,
    eventId: id,
    operation,
    digest: operation === 'deleted' ? null : (tag.digest ?? null),
    // What nobody did, the program did by itself.
    username: actor?.username ?? 'system',
    time: occurrenceTime,
  }))
}
