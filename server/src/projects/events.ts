import type { Actor } from '../access/model.ts'

interface ProjectEvent {
  projectId: number
  name: string
  actor: Actor
}

interface VisibleProjectEvent extends ProjectEvent {
  public: boolean
}

interface ProjectRenamed extends ProjectEvent {
  /** The new one, as `name`. */
  projectName: string
  formerName: string
}

interface ProjectAliasDropped extends ProjectEvent {
  projectName: string
  /** The former name, which leads nowhere from now on. */
  name: string
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** A project was made. */
    'project.created': VisibleProjectEvent
    /** Metadata, visibility or allow list of a project were set. */
    'project.updated': VisibleProjectEvent
    /** A project is gone; its name is free. */
    'project.deleted': ProjectEvent
    /** A project has another name; the former one leads to it still. */
    'project.renamed': ProjectRenamed
    /** A former name of a project leads nowhere any more. */
    'project.alias_dropped': ProjectAliasDropped
  }
}
