/** A registry that is measured, and how to start it. */
export interface Peer {
  name: string
  /** What lies on stable storage when it answers 201; what can be told to sync, is told. */
  durability: string
  /** Undefined where it is not on this machine. */
  version(): Promise<string | undefined>
  /** Starts on this data directory, empty or used before, and answers once requests are served. */
  start(dataDirectory: string, options?: StartOptions): Promise<RunningPeer>
}

export interface StartOptions {
  /** Ask for a Bearer token, signed with RS256. Portolan always does. */
  tokens?: boolean
}

export interface RunningPeer {
  url: string
  /** The process at the root of its tree. */
  pid: number
  /** Milliseconds from the start of the process to the first moment it serves. */
  startedAfterMs: number
  /** Everything that may be done with a repository of this name. Tokens end: ask again for each measurement. */
  open(name: string): Promise<Access>
  /** Pulls from a repository, asked by nobody in particular. */
  openAnonymously(name: string): Promise<Access>
  /** Headers with which the catalog may be read. */
  openCatalog(): Promise<Record<string, string>>
  /** What it has printed so far. */
  printed(): string
  stop(): Promise<void>
}

export interface Access {
  /** Name of a repository, whole. */
  repository: string
  headers: Record<string, string>
}
