import type { Actor } from '../access/model.ts'

export interface RepositoryEvent {
  projectId: number
  projectName: string
  repositoryId: number
  /** Without the project. */
  repository: string
  actor: Actor
}

interface RepositoryDeleted extends RepositoryEvent {
  /** The newest of what was listed, with some of their tags. */
  artifacts: readonly { digest: string; tags: readonly string[] }[]
}

interface RepositoryRenamed {
  /** The project that is told: the one left, or the one entered. */
  projectId: number
  projectName: string
  repositoryId: number
  /** Full name. */
  repository: string
  /** Full name. */
  formerRepository: string
  actor: Actor
}

interface RepositoryMoved extends RepositoryRenamed {
  formerProjectId: number
}

interface RepositoryAliasDropped {
  projectId: number
  projectName: string
  /** The former name, in full. */
  repository: string
  actor: Actor
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** The description of a repository was set. */
    'repository.updated': RepositoryEvent
    /** A repository is gone with everything in it, or in the trash; its name is free. */
    'repository.deleted': RepositoryDeleted
    /** A repository has another name in its project. */
    'repository.renamed': RepositoryRenamed
    /** A repository has left this project for another one. */
    'repository.left': RepositoryRenamed
    /** A repository has come to this project from another one. */
    'repository.moved': RepositoryMoved
    /** A former name of a repository leads nowhere any more. */
    'repository.alias_dropped': RepositoryAliasDropped
  }
}
