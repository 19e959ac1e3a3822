import type { Actor } from '../access/model.ts'

/** Where something happened. */
export interface RepositoryNames {
  projectId: number
  projectName: string
  repositoryId: number
  /** Without the project. */
  repository: string
}

/** Of an artifact that came or went with another one. */
interface FamilyTag {
  name: string
  digest: string
}

interface ArtifactPushed extends RepositoryNames {
  artifactId: number
  digest: string
  mediaType: string
  artifactType: string | undefined
  /** Digest of the artifact that it is about. */
  subject?: string | undefined
  /** Those that name it now. */
  tags: readonly string[]
  /** Whether the repository did not have it before. */
  created: boolean
  /** The repository that it was copied from, in full. */
  copiedFrom?: string
  /** Digests of what was copied with it. */
  family?: readonly string[]
  familyTags?: readonly FamilyTag[]
  actor: Actor | undefined
}

interface ArtifactDeleted extends RepositoryNames {
  artifactId: number
  digest: string
  tags: readonly string[]
  /** Digests of what went with it. */
  family: readonly string[]
  familyTags: readonly FamilyTag[]
  actor: Actor | undefined
}

interface ArtifactRestored extends RepositoryNames {
  digest: string
  /** Those that name it again. */
  tags: readonly string[]
  /** Digests of what came back with it. */
  family: readonly string[]
  familyTags: readonly FamilyTag[]
  actor: Actor
}

interface TrashedRepositoryEvent extends RepositoryNames {
  actor: Actor
}

interface ArtifactPurged extends RepositoryNames {
  digest: string
  actor: Actor
}

export interface ArtifactLabeled {
  projectId: number
  projectName: string
  /** Without the project. */
  repository: string
  artifactId: number
  digest: string
  labelId: number
  actor: Actor
}

interface TagEvent extends RepositoryNames {
  tag: string
  /** What it names now, or named last. */
  digest: string
  actor: Actor
}

interface TagDeleted extends RepositoryNames {
  tag: string
  digest: string | undefined
  actor: Actor | undefined
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** A manifest was pushed or copied. */
    'artifact.pushed': ArtifactPushed
    /** An artifact is gone, or in the trash. */
    'artifact.deleted': ArtifactDeleted
    /** An artifact is back from the trash. */
    'artifact.restored': ArtifactRestored
    /** An artifact was taken out of the trash for good. */
    'artifact.purged': ArtifactPurged
    /** A repository is back from the trash, as it was, under this name. */
    'repository.restored': TrashedRepositoryEvent
    /** A repository was taken out of the trash for good. */
    'repository.purged': TrashedRepositoryEvent
    /** An artifact bears a label. */
    'artifact.labeled': ArtifactLabeled
    /** An artifact bears a label no longer. */
    'artifact.unlabeled': ArtifactLabeled
    /** An artifact that was there has a new tag. */
    'tag.created': TagEvent
    /** A tag is gone, its artifact is not. */
    'tag.deleted': TagDeleted
    /** A tag is back from the trash. */
    'tag.restored': TagEvent
    /** A deleted tag was taken out of the trash for good. */
    'tag.purged': TagEvent
    /** A tag names again what it did before. */
    'tag.rolled_back': TagEvent
  }
}
