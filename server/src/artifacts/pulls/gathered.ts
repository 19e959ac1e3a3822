import type { Pull } from './model.ts'
import type { PullTime, TagKey } from './pull-store.ts'

/** When it was pulled last, and how often that could not be written down because somebody held the row. */
interface Waiting<Key> extends PullTime<Key> {
  tries: number
}

/** Pulls that are not written down yet, summed up as far as they can be. */
export interface Gathered {
  pulls: Pull[]
  /** By repository. */
  counts: Map<number, number>
  artifacts: Map<number, Waiting<number>>
  tags: Map<string, Waiting<TagKey>>
}

/** Then a row that is always held, or gone, is given up. */
const MOST_TRIES = 10

export function nothingGathered(): Gathered {
  return { pulls: [], counts: new Map(), artifacts: new Map(), tags: new Map() }
}

export function gather(into: Gathered, pull: Pull): void {
  const { repositoryId, artifactId, tag, time } = pull
  into.pulls.push(pull)
  into.counts.set(repositoryId, (into.counts.get(repositoryId) ?? 0) + 1)
  into.artifacts.set(artifactId, { key: artifactId, time, tries: 0 })
  if (tag !== undefined)
    into.tags.set(tagKey({ repositoryId, tag }), { key: { repositoryId, tag }, time, tries: 0 })
}

/** Puts back what could not be written, in front of what has come since. */
export function putBack(into: Gathered, from: Gathered): void {
  into.pulls = [...from.pulls, ...into.pulls]
  for (const [id, count] of from.counts) into.counts.set(id, (into.counts.get(id) ?? 0) + count)
  for (const [id, waiting] of from.artifacts) if (!into.artifacts.has(id)) into.artifacts.set(id, waiting)
  for (const [id, waiting] of from.tags) if (!into.tags.has(id)) into.tags.set(id, waiting)
}

/** What is left of `from` when these artifacts and tags are done, to be tried again. */
export function leftOver(from: Gathered, artifacts: ReadonlySet<number>, tags: readonly TagKey[]): Gathered {
  const done = new Set(tags.map(tagKey))
  return {
    pulls: [],
    counts: new Map(),
    artifacts: again(from.artifacts, (id) => artifacts.has(id)),
    tags: again(from.tags, (key) => done.has(key)),
  }
}

function again<Id, Key>(
  waiting: ReadonlyMap<Id, Waiting<Key>>,
  isDone: (id: Id) => boolean,
): Map<Id, Waiting<Key>> {
  const left = new Map<Id, Waiting<Key>>()
  for (const [id, entry] of waiting) {
    if (!isDone(id) && entry.tries < MOST_TRIES) left.set(id, { ...entry, tries: entry.tries + 1 })
  }
  return left
}

function tagKey({ repositoryId, tag }: TagKey): string {
  return `${repositoryId}:${tag}`
}
