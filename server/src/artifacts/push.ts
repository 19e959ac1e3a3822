import type { Actor } from '../access/model.ts'
import { commitBlob } from '../blobs/commit.ts'
import { lockNewBlob } from '../blobs/link.ts'
import { ensureBlobs, holdRepositoryBlobs } from '../blobs/store.ts'
import type { Descriptor, Manifest } from '../oci/manifest.ts'
import type { Database } from '../platform/db/database.ts'
import { Overtaken, transact } from '../platform/db/transact.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { countBlobs } from '../quotas/count.ts'
import type { Repository } from '../repositories/model.ts'
import { holdRepository, publishRepository } from '../repositories/store.ts'
import { attestationsIn } from './accessories/detect.ts'
import { markAttestations } from './accessories/store.ts'
import { type Classification, classify } from './classify.ts'
import { repositoryContent } from './content.ts'
import { ReferenceSizeError, ReferencesUnknownError } from './errors.ts'
import { refuseLateMoves, refuseMoves, tagsAt } from './immutable.ts'
import { type HeldArtifact, idsOf, lockArtifacts, lockTags, relist } from './listed-store.ts'
import { lockPush, referArtifact } from './push-store.ts'
import type { ArtifactsDeps } from './service.ts'
import { insertArtifactChildren, upsertArtifact } from './store.ts'

/** A manifest on its way in: its bytes, what they say, and the tags to point at it. */
export interface ManifestPush {
  repository: Repository
  digest: string
  body: Uint8Array
  manifest: Manifest
  tags: string[]
  /** The tags are to be new: where one of them is there by now, the transaction begins again. */
  onlyNewTags?: boolean
  /** For the event: the project's name, and who pushes. */
  projectName: string
  actor: Actor | undefined
}

/**
 * Stores a manifest in one transaction: its bytes, the artifact, what it refers to, its tags and the
 * event. When it resolves all of that is on stable storage, and counted in the project's quota.
 *
 * Locks are taken in one order by every push (`lockPush`): the repository, the blobs it refers to and the manifest's own
 * (so that two pushes of one manifest go one after the other) by digest, its tags by name, the artifact itself, its children and what its
 * tags named, by id, what of it counts in the project by id, a slot of the quota, the artifact where it is new. Whatever a client can be refused for comes
 * before the bytes are placed: a rollback does not take them back.
 *
 * What the artifact is (its type, what users see of its config) is told before the transaction: nobody waits
 * for a lock while a config is being read, and a GET right after the push has it all.
 *
 * @throws {ReferencesUnknownError}
 * @throws {ReferenceSizeError}
 * @throws {QuotaExceededError}
 * @throws {ImmutableTagError}
 */
export async function pushManifest(deps: ArtifactsDeps, push: ManifestPush): Promise<void> {
  const { repository, digest, manifest } = push
  const classification = await classifyPush(deps, push)
  await transact(deps.db, async (tx) => {
    const artifact = await storeManifest(tx, deps, push, classification)
    const event = {
      type: 'artifact.pushed' as const,
      payload: {
        projectId: repository.projectId,
        projectName: push.projectName,
        repositoryId: repository.id,
        repository: repository.name,
        artifactId: artifact.id,
        digest,
        mediaType: manifest.mediaType,
        artifactType: manifest.artifactType,
        subject: manifest.subject?.digest,
        tags: push.tags,
        created: artifact.created,
        actor: push.actor,
      },
    }
    await emit(tx, event, { last: true })
  })
}

/** What the artifact is; to be told before the transaction. */
export function classifyPush(deps: ArtifactsDeps, push: ManifestPush): Promise<Classification> {
  return classify(push.manifest, push.tags, repositoryContent(deps, push.repository))
}

/** All of a push but the event, within a transaction. */
export async function storeManifest(
  tx: Database,
  deps: ArtifactsDeps,
  push: ManifestPush,
  classification: Classification,
): Promise<{ id: number; created: boolean }> {
  const { repository, digest, body, manifest } = push
  // First of all: whoever writes the row of a repository waits there for others who hold many of them.
  if (!repository.published) await holdNames(tx, repository)
  const locked = await lockPush(tx, {
    repository,
    store: deps.store,
    blobs: distinctDigests(manifest.blobs),
    own: { digest, size: body.length },
    tags: push.tags,
    artifacts: [digest, ...distinctDigests(manifest.children)],
  })
  if (!locked) throw new DomainError('not-found', 'the repository is gone')
  const { named } = locked
  const absent = await blobsToCome(tx, deps, manifest.blobs, locked.blobs)
  const childrenSize = compareChildren(deps, manifest.children, locked.artifacts)
  const affected = idsOf(locked.artifacts.filter(({ id, listed }) => listed || named.includes(id)))
  if (named.length > 0 && push.onlyNewTags) throw new Overtaken()
  if (named.length > 0) await refuseMoves(tx, deps, repository, tagsAt(digest, push.tags))
  const own = await commitBlob(
    tx,
    deps,
    { digest, size: body.length, repository },
    async (key) => {
      await deps.storage.put(key, body)
      return key
    },
    { alongside: locked.blobs, locked: locked.own },
  )

  const artifact = await upsertArtifact(tx, {
    repositoryId: repository.id,
    digest,
    body,
    manifest,
    referencedSize: manifest.kind === 'index' ? childrenSize : manifest.referencedSize,
    classification,
    tagged: push.tags.length > 0,
  })
  if (artifact.created && manifest.children.length > 0) {
    await insertArtifactChildren(tx, artifact.id, manifest.children)
  }
  const attestations = attestationsIn(manifest)
  if (attestations.length > 0) await markAttestations(tx, repository.id, attestations)
  const references = [own.id, ...locked.blobs.map((blob) => blob.id), ...absent]
  const moved = await referArtifact(tx, repository.id, artifact.id, {
    blobIds: artifact.created ? references : [],
    tags: push.tags,
  })
  // Somebody else has made one of them since: his push came first.
  if (moved.length > named.length) {
    if (!push.onlyNewTags) await refuseLateMoves(tx, deps, repository, moved)
    // What it named is not locked, and would stay in lists as if it had the tag still.
    throw new Overtaken()
  }
  // The usual push, a new image under a tag that is new too, is listed already.
  const isListed = artifact.created && artifact.listed
  await relist(tx, isListed ? affected : [artifact.id, ...affected])
  return artifact
}

/**
 * What the push goes to stays there until it is done, and whoever looks for the repository finds it from its first manifest
 * on. To be called before any other lock is taken.
 */
export async function holdNames(tx: Database, repository: Repository): Promise<void> {
  if (!(await holdRepository(tx, repository))) throw new DomainError('not-found', 'the repository is gone')
  if (!repository.published && !(await publishRepository(tx, repository))) {
    throw new DomainError('not-found', 'the project is gone')
  }
}

/**
 * Takes the locks of several pushes into one repository and counts what they bring, for whoever makes them in one
 * transaction: pushed one behind the other alone, they would take them in any order.
 */
export async function lockForPushes(
  tx: Database,
  deps: ArtifactsDeps,
  repository: Repository,
  pushes: readonly ManifestPush[],
): Promise<void> {
  const own = pushes.map((push) => push.digest)
  const parts = distinctDigests(pushes.flatMap(({ manifest }) => manifest.blobs))
  const blobs = await holdRepositoryBlobs(tx, deps.store, repository, [...own, ...parts])
  for (const { digest, body } of pushes.toSorted((a, b) => (a.digest < b.digest ? -1 : 1))) {
    await lockNewBlob(tx, { digest, size: body.length, repository })
  }
  const tags = pushes.flatMap((push) => push.tags)
  const named = await lockTags(tx, repository.id, tags)
  const children = distinctDigests(pushes.flatMap(({ manifest }) => manifest.children))
  await lockArtifacts(tx, repository.id, { ids: named, digests: [...own, ...children] })
  await countBlobs(tx, deps.quotas, repository.projectId, blobs)
}

/** The ids of blobs that have not come yet, where images may lack some; what is there must be what the manifest says. */
async function blobsToCome(
  tx: Database,
  deps: ArtifactsDeps,
  blobs: Descriptor[],
  held: readonly { digest: string; size: number }[],
): Promise<number[]> {
  const known = new Set(held.map((blob) => blob.digest))
  compare(deps.sparseImages ? blobs.filter((blob) => known.has(blob.digest)) : blobs, held)
  const absent = deps.sparseImages ? blobs.filter((blob) => !known.has(blob.digest)) : []

  return await ensureBlobs(tx, [...new Map(absent.map((blob) => [blob.digest, blob])).values()])
}

/** Answers the bytes of the (held) children with everything that they reference, each child once. */
function compareChildren(deps: ArtifactsDeps, children: Descriptor[], held: readonly HeldArtifact[]): number {
  const known = new Set(held.map((child) => child.digest))
  compare(deps.sparseIndex ? children.filter((child) => known.has(child.digest)) : children, held)
  const sizes = new Map(children.map((child) => [child.digest, child.size]))
  for (const { digest, total } of held) if (sizes.has(digest)) sizes.set(digest, total)

  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

function compare(wanted: Descriptor[], held: readonly { digest: string; size: number }[]): void {
  const sizes = new Map(held.map((entry) => [entry.digest, entry.size]))
  const missing = distinctDigests(wanted).filter((digest) => !sizes.has(digest))
  if (missing.length > 0) throw new ReferencesUnknownError(missing)

  for (const { digest, size } of wanted) {
    const actual = sizes.get(digest) ?? size
    if (actual !== size) throw new ReferenceSizeError(digest, size, actual)
  }
}

function distinctDigests(descriptors: Descriptor[]): string[] {
  return [...new Set(descriptors.map((descriptor) => descriptor.digest))]
}
