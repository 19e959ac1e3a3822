/** What a key of the store says of the object under it. */
export type KeyMeaning =
  | { kind: 'blob'; digest: string; generation: number }
  /** A blob's, under the key it was uploaded to: which blob's it is only a row knows. */
  | { kind: 'uploaded' }
  | { kind: 'task-log'; taskId: number }
  /** Nothing that this program has put there. */
  | { kind: 'foreign' }

const BLOB =
  /^docker\/registry\/v2\/blobs\/(sha256|sha512)\/([0-9a-f]{2})\/([0-9a-f]+)\/data(?:\.([1-9]\d{0,8}))?$/
const UPLOADED = /^portolan\/objects\/[0-9a-f]{2}\/[\w-]+(?:\.(?:[0-9a-f]{16}|at-\d{1,16}))?$/
const TASK_LOG = /^portolan\/task-(?:log|list)s\/([1-9]\d{0,14})\/\d{5,10}-\d{6,12}$/
const HEX = { sha256: 64, sha512: 128 } as const

/** Where registries of other kinds keep what they know of the blobs beside it: then not all blobs are ours. */
export const OTHER_REGISTRY = 'docker/registry/v2/repositories'

/**
 * Reads a key, of whatever somebody has put into the store. Written for itself: what checks the store must not believe
 * what writes it.
 */
export function readKey(key: string): KeyMeaning {
  const [, algorithm, start = '', encoded = '', generation] = BLOB.exec(key) ?? []
  if (algorithm === 'sha256' || algorithm === 'sha512') {
    const isFirst = generation === undefined
    const fits = encoded.length === HEX[algorithm] && encoded.startsWith(start) && generation !== '1'
    if (fits) {
      return { kind: 'blob', digest: `${algorithm}:${encoded}`, generation: isFirst ? 1 : Number(generation) }
    }
  }
  if (UPLOADED.test(key)) return { kind: 'uploaded' }
  const [, taskId] = TASK_LOG.exec(key) ?? []
  return taskId === undefined ? { kind: 'foreign' } : { kind: 'task-log', taskId: Number(taskId) }
}

/** An object of a blob, and not of a task. */
export function isOfBlob(key: string): boolean {
  const { kind } = readKey(key)

  return kind === 'blob' || kind === 'uploaded'
}
