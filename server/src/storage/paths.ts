/**
 * Every key of the blob store is built here. The layout is that of CNCF Distribution, so that the data
 * of a `registry:2` or a Harbor can be adopted where it lies:
 *
 *     docker/registry/v2/blobs/sha256/ab/abcdef…/data      first generation of a blob
 *     docker/registry/v2/blobs/sha256/ab/abcdef…/data.2    second, after the first was collected
 *     portolan/task-logs/17/00001-000003                   the fourth part of what the first run of task 17 logged
 *     portolan/task-lists/17/00001-000003                  the third part of what it has listed
 *
 * Uploads in progress lie where the driver puts them (`_uploads/` on the filesystem): nothing there is
 * an object.
 */
export function blobKey(digest: string, generation: number): string {
  const [algorithm = '', encoded = ''] = digest.split(':')
  const file = generation === 1 ? 'data' : `data.${generation}`

  return `docker/registry/v2/blobs/${algorithm}/${encoded.slice(0, 2)}/${encoded}/${file}`
}

/** Below each of these lie directories of blobs, one for each digest. */
export function blobPrefixes(): string[] {
  const starts = Array.from({ length: 256 }, (_, start) => start.toString(16).padStart(2, '0'))

  return ['sha256', 'sha512'].flatMap((algorithm) =>
    starts.map((start) => `docker/registry/v2/blobs/${algorithm}/${start}`),
  )
}

/** Everything that a task has logged lies below this. */
export function taskLogPrefix(taskId: number): string {
  return `portolan/task-logs/${taskId}`
}

/** One part of the log of a run of a task; in byte order they make the log. */
export function taskLogKey(taskId: number, run: number, part: number): string {
  return `${taskLogPrefix(taskId)}/${String(run).padStart(5, '0')}-${String(part).padStart(6, '0')}`
}

/** Everything that a task has listed lies below this. */
export function taskListPrefix(taskId: number): string {
  return `portolan/task-lists/${taskId}`
}

/** One part of the list of a run of a task; in byte order they make the list. */
export function taskListKey(taskId: number, run: number, part: number): string {
  return `${taskListPrefix(taskId)}/${String(run).padStart(5, '0')}-${String(part).padStart(6, '0')}`
}
