import { createHash } from 'node:crypto'
import type { Answer } from '../harness/http.ts'
import type { Registry } from '../harness/registry.ts'

/** What random work is made with. */

export const OCI = 'application/vnd.oci.image.'
export const REPOSITORIES = ['r0', 'r1', 'r2', 'r3']

export type Random = () => number

/** A small generator whose run can be repeated by its seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
export const pick = <T>(random: Random, list: readonly T[]): T =>
  list[Math.floor(random() * list.length)] as T
export const number = (random: Random, below: number) => Math.floor(random() * below)

export interface Worker {
  /** One of the servers, another one each time perhaps. */
  readonly registry: Registry
  projects: readonly string[]
  /** The id of the second project, which has little room now and then. */
  limited: number
  /** For so long a blob that nothing references is safe. */
  graceSeconds: number
  random: Random
  /** Hears every answer with the statuses that are no fault. */
  saw(what: string, answer: Answer, allowed: readonly number[]): void
  /** Images that were taken in a repository that nobody deletes, moves or empties. */
  keptSoFar: readonly KeptImage[]
  /** Hears of an image that was taken in a repository that nobody deletes, moves or empties. */
  kept(image: KeptImage): void
}

/** An image that must stay as it was pushed. */
export interface KeptImage {
  repository: string
  manifest: Buffer
  blobs: string[]
}

export function send(worker: Worker, method: string, path: string, body: object): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' }
  return worker.registry.send({ method, path, headers, body: JSON.stringify(body) })
}
