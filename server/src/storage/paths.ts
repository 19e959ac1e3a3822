/**
 * Every key of the blob store is built here. The layout is that of CNCF Distribution, so that the data
 * of a `registry:2` or a Harbor can be adopted where it lies:
 *
 *     docker/registry/v2/blobs/sha256/ab/abcdef…/data      first generation of a blob
 *     docker/registry/v2/blobs/sha256/ab/abcdef…/data.2    second, after the first was collected
 *     portolan/task-logs/17/00001-000003                   the fourth part of what the first run of task 17 logged
 *
 * Uploads in progress lie where the driver puts them (`_uploads/` on the filesystem): nothing there is
 * an object.
 */
export function blobKey(digest: string, generation: number): string {
  const [algorithm = '', encoded = ''] = digest.split(':')
  const file = generation === 1 ? 'data' : `data.${generation}`

  return `docker/registry/v2/blobs/${algorithm}/${encoded.slice(0, 2)}/${encoded}/${file}`
}

/** Everything that a task has logged lies below this. */
export function taskLogPrefix(taskId: number): string {
  return `portolan/task-logs/${taskId}`
}

/** One part of the log of a run of a task; in byte order they make the log. */
export function taskLogKey(taskId: number, run: number, part: number): string {
  return `${taskLogPrefix(taskId)}/${String(run).padStart(5, '0')}-${String(part).padStart(6, '0')}`
}
