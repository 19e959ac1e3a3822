/** A registry that is measured, and how to start it. */
export interface Peer {
  name: string
  version(): Promise<string>
  /** Starts on this data directory, empty or used before, and answers once requests are served. */
  start(dataDirectory: string): Promise<RunningPeer>
}

export interface RunningPeer {
  url: string
  /** The process at the root of its tree. */
  pid: number
  /** Milliseconds from the start of the process to the first moment it serves. */
  startedAfterMs: number
  /** Where to push, and with which headers. */
  prepare(): Promise<Access>
  stop(): Promise<void>
}

export interface Access {
  /** Name of a repository, whole. */
  repository: string
  headers: Record<string, string>
}
