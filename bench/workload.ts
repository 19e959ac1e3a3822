import type { Peer, RunningPeer } from './peers/peer.ts'

/** A registry that runs, and what was put into it for the measurements. */
export interface Subject {
  peer: Peer
  running: RunningPeer
}

export interface Measured {
  what: string
  unit: string
  /** Whether more is better; for times and memory less is. */
  more: boolean
  value: number
}

/** Something that is done to every registry in turn, round after round. */
export interface Workload {
  /** What has to be there before; asked once of each registry. */
  prepare?(subject: Subject): Promise<void>
  /** One round, and what came of it. */
  measure(subject: Subject): Promise<Measured[]>
  /** Where it leaves so much behind that it is done that often at most. */
  mostRounds?: number
}

/** What all workloads of a run share. */
export interface Sizes {
  seconds: number
  /** Of the largest blob. */
  mebibytes: number
  /** Tags in a repository, repositories in a catalog. */
  listed: number
  /** Every combination, or what fits into a quarter of an hour. */
  whole: boolean
  /** Where scripts and files may lie. */
  directory: string
}
