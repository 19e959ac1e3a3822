import { decide, decideEverywhere } from '../../access/decide.ts'
import type { Actor, Principal, ProjectContext } from '../../access/model.ts'
import { linkBlobs } from '../../blobs/link.ts'
import { parseRepositoryName } from '../../oci/reference.ts'
import type { Database } from '../../platform/db/database.ts'
import { Overtaken, transact } from '../../platform/db/transact.ts'
import { DomainError } from '../../platform/errors.ts'
import { emit } from '../../platform/events/outbox.ts'
import { QuotaExceededError } from '../../quotas/model.ts'
import type { TellRefusal } from '../../quotas/refusals.ts'
import type { Repository } from '../../repositories/model.ts'
import { ensureRepository } from '../../repositories/service.ts'
import { holdRepository } from '../../repositories/store.ts'
import { namesOf } from '../deletion.ts'
import { refuseLateMoves, refuseMoves } from '../immutable.ts'
import { lockTags, relist } from '../listed-store.ts'
import type { ListedArtifact } from '../model.ts'
import { holdNames } from '../push.ts'
import { getArtifact, placeOf } from '../reading.ts'
import type { ArtifactsDeps } from '../service.ts'
import { findTagsThatExist } from '../tag-store.ts'
import { type ArtifactReference, parseArtifactReference } from './reference.ts'
import {
  copyReferences,
  findBlobDigests,
  findFamily,
  findTagsToCopy,
  insertCopies,
  isAccessory,
  lockMembers,
  type Member,
  pointTags,
} from './store.ts'

/** More than the largest index has children with their accessories; a copy is one transaction. */
const MAX_FAMILY = 50_000

export interface CopyDeps extends ArtifactsDeps {
  /** The live project of that name, with the caller's roles in it. From `members`. */
  projectContext(
    principal: Principal,
    name: string,
    byName: true,
  ): Promise<(ProjectContext & { name: string }) | undefined>
  /** Hears that the target has no room. */
  tellQuotaExceeded: TellRefusal
}

export interface CopyRequest {
  /** `project/repository:tag` or `project/repository@digest`. */
  from: string
  to: { project: { id: number; name: string }; repository: string }
  principal: Principal
  actor: Actor
}

/**
 * Copies an artifact into another repository with its children, its accessories and its tags, within one
 * transaction; no byte is moved. Artifacts that are there already stay, tags move: a copy can be asked for again. Answers the tag or
 * digest that the copy was asked by.
 *
 * Locks as a push takes them: both repositories, tags by name, the originals and what stands in the target by id, what counts
 * in the project. Throws QuotaExceededError where the project may not hold what it does not have yet.
 */
export async function copyArtifact(deps: CopyDeps, request: CopyRequest): Promise<string> {
  const { to, actor } = request
  if (!parseRepositoryName(`${to.project.name}/${to.repository}`)) {
    throw new DomainError('bad-request', `invalid repository name: ${to.repository}`)
  }
  const from = parseArtifactReference(request.from)
  if (!from) throw missing(request.from)
  const root = await getSource(deps, request.principal, from)
  const repository = await ensureRepository(deps, to.project.id, to.repository)

  const copy = transact(deps.db, async (tx) => {
    const family = await findFamily(tx, root.repositoryId, root.id, MAX_FAMILY + 1)
    if (family.length > MAX_FAMILY)
      throw new DomainError('too-large', `more than ${MAX_FAMILY} artifacts to copy`)
    const copied = await copyFamily(tx, deps, { root, family, repository })

    await emit(tx, {
      type: 'artifact.pushed',
      payload: {
        ...namesOf({ repository, projectName: to.project.name }),
        artifactId: copied.id,
        digest: root.digest,
        mediaType: root.manifestMediaType,
        artifactType: root.artifactType,
        tags: copied.tags,
        created: copied.created,
        copiedFrom: `${root.projectName}/${root.repositoryName}`,
        // What came with it.
        family: family.map((member) => member.digest).filter((digest) => digest !== root.digest),
        familyTags: copied.familyTags,
        actor,
      },
    })
  })
  await copy.catch(async (error: unknown) => {
    if (error instanceof QuotaExceededError) {
      await deps.tellQuotaExceeded({
        project: to.project,
        repository: to.repository,
        tag: undefined,
        digest: root.digest,
        actor,
        message: error.message,
      })
    }
    throw error
  })

  return from.reference
}

/** The artifact to copy, if the caller may pull it. */
async function getSource(
  deps: CopyDeps,
  principal: Principal,
  { project: name, repository, reference }: ArtifactReference,
): Promise<ListedArtifact> {
  const project = await deps.projectContext(principal, name, true)
  const may =
    project && decide(principal, 'artifact:read', project) && decide(principal, 'repository:pull', project)
  if (!may) {
    const everywhere = !project && decideEverywhere(principal, 'repository:pull')
    throw everywhere ? missing(`${name}/${repository}`) : new DomainError('forbidden', 'forbidden')
  }
  const key = { projectId: project.id, project: project.name, name: repository }
  const artifact = await getArtifact(deps, key, reference).catch((error: unknown) => {
    if (!(error instanceof DomainError) || error.kind !== 'not-found') throw error
    // The path of the request is right, what it asks for is not.
    throw new DomainError('bad-request', error.message, { cause: error })
  })
  if (await isAccessory(deps.db, artifact.id)) {
    throw new DomainError(
      'denied',
      `${reference} is an accessory and goes with the artifact that it belongs to`,
    )
  }
  return artifact
}

async function copyFamily(
  tx: Database,
  deps: CopyDeps,
  { root, family, repository }: { root: ListedArtifact; family: Member[]; repository: Repository },
): Promise<{ id: number; created: boolean; tags: string[]; familyTags: { name: string; digest: string }[] }> {
  await holdNames(tx, repository)
  // The rows of a deleted repository stay until they are swept, but it offers no blob any more.
  if (!(await holdRepository(tx, placeOf(root).repository))) throw missing(root.digest)
  const ids = family.map((member) => member.id)
  const wanted = await findTagsToCopy(tx, root.id, ids)
  const names = wanted.map((tag) => tag.name)
  const named = await lockTags(tx, repository.id, names)
  const known = named.length > 0 ? await findTagsThatExist(tx, repository.id, names) : []
  const digests = family.map((member) => member.digest)
  const { held, affected } = await lockMembers(tx, ids, { repositoryId: repository.id, ids: named, digests })
  if (!held.has(root.id)) throw missing(root.digest)
  const there = new Set(family.filter(({ id }) => held.has(id)).map(({ digest }) => digest))
  const tags = wanted.filter(({ digest }) => there.has(digest))
  if (named.length > 0) await refuseMoves(tx, deps, repository, tags)
  const blobs = await findBlobDigests(tx, ids)
  await linkBlobs(tx, deps, repository, { repository: placeOf(root).repository, digests: blobs })
  const copies = await insertCopies(tx, repository.id, [...held])
  await copyReferences(tx, repository.id, [...held])
  if (tags.length > 0) {
    const moved = await pointTags(tx, repository.id, tags)
    // Immutable ones that could be locked have not moved.
    if (moved.length > 0) await refuseLateMoves(tx, deps, repository, moved)
    // Somebody else has made one of them since: what it named is not locked, and would stay in lists as if it were tagged.
    if (moved.some((name) => !known.includes(name))) throw new Overtaken()
  }
  await relist(tx, [...new Set([...affected, ...copies.ids.values()])])

  const id = copies.ids.get(root.digest)
  if (id === undefined) throw missing(root.digest)
  const own = tags.filter((tag) => tag.digest === root.digest).map((tag) => tag.name)
  const familyTags = tags.filter((tag) => tag.digest !== root.digest)
  return { id, created: copies.created.has(root.digest), tags: own, familyTags }
}

function missing(what: string): DomainError {
  return new DomainError('bad-request', `artifact ${what} not found`)
}
