import { findInTurns } from '../lib/turns.ts'
import type { Database } from '../platform/db/database.ts'
import type { AdmittedRepository } from '../repositories/model.ts'
import { ImmutableTagError } from './errors.ts'
import type { ListedTag } from './model.ts'
import { findTagsElsewhere, listTagNamesLike } from './tag-store.ts'

/** Whether a tag of a repository of the project is to stay what it is. */
export interface ImmutableTest {
  (repository: string, tag: string): boolean
  /** Patterns of LIKE, one of which every such tag of the repository is like; absent: it may be any. */
  likenesses?(repository: string): readonly string[]
}

/**
 * What is immutable in a project as the database says now; undefined where no rule stands. From `immutability`. Who asks
 * within a transaction holds the tags in question, so that no rule that was there before him is missed.
 */
export type FindImmutable = (db: Database, projectId: number) => Promise<ImmutableTest | undefined>

interface Deps {
  findImmutable: FindImmutable
}

interface WantedTag {
  name: string
  digest: string
}

/** The tags as they are to be. */
export function tagsAt(digest: string, names: readonly string[]): WantedTag[] {
  return names.map((name) => ({ name, digest }))
}

/** Throws where an immutable one of the (locked) tags would name something else than it does. */
export async function refuseMoves(
  tx: Database,
  deps: Deps,
  { id, projectId, name }: AdmittedRepository,
  wanted: readonly WantedTag[],
): Promise<void> {
  const isImmutable = await deps.findImmutable(tx, projectId)
  const kept = isImmutable ? wanted.filter((tag) => isImmutable(name, tag.name)) : []
  const [moved] = kept.length > 0 ? await findTagsElsewhere(tx, id, kept) : []
  if (moved !== undefined) throw moveOf(name, moved)
}

/** Throws where an immutable tag is among those that were moved, though there was none of that name to lock. */
export async function refuseLateMoves(
  tx: Database,
  deps: Deps,
  { projectId, name }: AdmittedRepository,
  moved: readonly string[],
): Promise<void> {
  const isImmutable = await deps.findImmutable(tx, projectId)
  const kept = moved.find((tag) => isImmutable?.(name, tag))
  if (kept !== undefined) throw moveOf(name, kept)
}

/** Throws where one of the (locked) tags is immutable. */
export async function refuseDeletion(
  tx: Database,
  deps: Deps,
  { projectId, name }: Pick<AdmittedRepository, 'projectId' | 'name'>,
  tags: readonly string[],
): Promise<void> {
  if (tags.length === 0) return
  const isImmutable = await deps.findImmutable(tx, projectId)
  const kept = isImmutable && (await findInTurns(tags, (tag) => isImmutable(name, tag)))
  if (kept !== undefined) throw deletionOf(kept)
}

const PAGE = 20_000

/**
 * Throws where the (locked) repository has an immutable tag. No tag is read that no rule could mean, and nobody else waits while very
 * many are looked at.
 */
export async function refuseRepositoryDeletion(
  tx: Database,
  deps: Deps,
  { id, projectId, name }: AdmittedRepository,
): Promise<void> {
  const isImmutable = await deps.findImmutable(tx, projectId)
  const likenesses = isImmutable?.likenesses?.(name)
  if (!isImmutable || likenesses?.length === 0) return
  let last = ''
  for (let found = PAGE; found === PAGE; ) {
    const tags = await listTagNamesLike(tx, id, likenesses ?? ['%'], { last, limit: PAGE })
    const kept = await findInTurns(tags, (tag) => isImmutable(name, tag))
    if (kept !== undefined) throw deletionOf(kept)
    found = tags.length
    last = tags.at(-1) ?? last
  }
}

/** The artifacts of a project with what is immutable marked on their tags. */
export async function withImmutable<A extends { repositoryName: string; tags: ListedTag[] }>(
  deps: Deps & { db: Database },
  projectId: number,
  artifacts: readonly A[],
): Promise<A[]> {
  const isImmutable = await deps.findImmutable(deps.db, projectId)
  if (!isImmutable) return [...artifacts]
  return artifacts.map((artifact) => ({
    ...artifact,
    tags: artifact.tags.map((tag) => ({ ...tag, immutable: isImmutable(artifact.repositoryName, tag.name) })),
  }))
}

function moveOf(repository: string, tag: string): ImmutableTagError {
  return new ImmutableTagError(
    `Failed to process request due to '${repository}:${tag}' configured as immutable.`,
  )
}

function deletionOf(tag: string): ImmutableTagError {
  return new ImmutableTagError(`the tag ${tag} configured as immutable, cannot be deleted`)
}
