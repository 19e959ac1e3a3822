import type { Actor } from '../access/model.ts'

interface QuotaUpdated {
  projectId: number
  projectName: string
  /** Bytes; -1 for none. */
  limit: number
  formerLimit: number
  actor: Actor
}

interface QuotaExceeded {
  projectId: number
  projectName: string
  /** Without the project. */
  repository: string
  /** Where a manifest was refused. */
  tag: string | undefined
  digest: string | undefined
  /** What the client heard. */
  message: string
  actor: Actor | undefined
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** The storage limit of a project was set. */
    'quota.updated': QuotaUpdated
    /** A project had no room for something; told of a repository once in ten seconds. */
    'quota.exceeded': QuotaExceeded
  }
}
