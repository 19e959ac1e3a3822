import type { Ending } from '../../auth/throttle.ts'
import type { Config } from '../../config/schema.ts'
import type { Figures } from '../../platform/metrics/registry.ts'
import type { Change } from '../server-parts.ts'

/** What may be asked of a process, and what it answers. */
export interface Answers {
  figures: Figures | undefined
  /** What is wrong with it, if anything. */
  health: string | undefined
}

/** What the supervisor tells a process. */
export type Order =
  /** Everything that it needs is there. One of all leads: it does what only one of them is to do. */
  | { order: 'begin'; config: Config; leads: boolean }
  | { order: 'stop' }
  /** A connection comes with it. */
  | { order: 'connection'; id: number }
  | { order: 'ask'; id: number; about: keyof Answers }
  /** To the one that leads: others are writing events. */
  | { order: 'events' }
  /** An attempt to log in ended in another one. */
  | { order: 'attempt'; ending: Ending }
  /** Something was changed in another one. */
  | { order: 'change'; change: Change }

/** What a process tells the supervisor. */
export type Word =
  /** It can answer. */
  | { word: 'ready' }
  /** It does not hang. */
  | { word: 'alive' }
  /** It ends, and takes no more connections. */
  | { word: 'leaving' }
  /** It cannot begin, and ends. */
  | { word: 'failed'; line: string; exitCode: number }
  | { word: 'took'; id: number }
  | { word: 'refused'; id: number }
  /** So many connections are over. */
  | { word: 'ended'; count: number }
  | { word: 'answer'; id: number; value: Answers[keyof Answers] }
  | { word: 'events' }
  /** For all others. */
  | { word: 'attempt'; ending: Ending }
  | { word: 'change'; change: Change }
  /** An entry of its log, for the file and the receiver that all share. */
  | { word: 'log'; line: string }
