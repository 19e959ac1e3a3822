import type { Readable } from 'node:stream'

/**
 * The port between Portolan and the place where bytes are kept. Keys are relative paths with forward
 * slashes, built in `paths.ts` and nowhere else; a key names one object for ever (see `finishUpload`),
 * and what is an object (`a/b`) is never a directory (`a/b/c`).
 *
 * Every driver passes `driver.suite.ts`. A method that resolves has made its effect durable: it
 * survives a power cut that happens right after; only `delete` may not, unless it is asked to. Errors are those of `errors.ts`; `guarded-driver.ts`
 * sees to it, and checks keys and numbers before a driver gets them.
 */
export interface StorageDriver {
  /** `filesystem`, `memory`, `s3` …; shown as the storage provider's name. */
  readonly kind: string

  /** Size of an object in bytes, or undefined where there is none. */
  stat(key: string): Promise<ObjectStat | undefined>

  /**
   * The bytes of an object, or of the inclusive `range` of it (`InvalidRangeError` where that does not
   * lie within the object). Rejects with `ObjectMissingError` before the first byte. The stream never
   * ends early without an error; destroying it frees everything.
   */
  read(key: string, range?: ByteRange): Promise<Readable>

  /**
   * An ability that not every driver has: reading into the caller's own memory, with no buffer made a
   * chunk. Rejects with `ObjectMissingError`. The caller closes the reader.
   */
  open?(key: string): Promise<ObjectReader>

  /**
   * An ability that not every driver has: a URL that lets whoever has it GET or HEAD the object for a while, without asking
   * anybody. The caller has seen to it that he may. Whether there is such an object is not looked at.
   */
  urlOf?(key: string, method: 'GET' | 'HEAD'): Promise<string>

  /**
   * Where an upload costs more than a `put`: objects of up to so many bytes, which fit into memory, are better put at once.
   */
  readonly putsUpTo?: number

  /**
   * Stores a small object whole: visible entirely or not at all, also after a crash.
   * Rejects with `ObjectExistsError` where the key is taken; what is there is durable and stays untouched.
   */
  put(key: string, bytes: Uint8Array): Promise<void>

  /**
   * Keys below `prefix` (a whole path segment: `a/b` lists `a/b/c`, never `a/bc`), in byte order, those
   * after `after`, at most `limit` of them. Uploads in progress are not listed.
   */
  list(prefix: string, options: { after?: string; limit: number }): Promise<string[]>

  /**
   * Removes one object; that it is not there is no error. Removes nothing else, whatever it is called. After a power
   * cut it may be there again, whole: nobody asks for its key any more, and `scrub/` finds it. With `durable` it stays away,
   * whoever has removed it before without that.
   */
  delete(key: string, options?: DeleteOptions): Promise<void>

  /**
   * An ability that not every driver has: removes what deletion has left directly below `prefix` and holds no object, as far as
   * it was not changed since `before`; answers how much that was. Beside writers it does no harm. Below `prefix` are to be
   * keys of two segments, as there are below `blobPrefixes`.
   */
  tidy?(prefix: string, before: Date): Promise<number>

  /**
   * Begins an upload. The state is JSON, kept by the caller and handed to every later call, of this
   * driver or another one on the same medium. An `id` may be used again: each call begins an upload of
   * its own. Of an upload that was aborted or forgotten, the calls below say `ObjectMissingError`.
   */
  startUpload(id: string): Promise<UploadState>

  /**
   * Writes `source` behind the first `offset` bytes of the upload; anything that stood behind them (left
   * by an interrupted writer) is dropped first. Resolves once all is durable.
   * When `source` fails midway, what arrived until then is kept and made durable, and the result carries
   * the error: `{ written, failure }`. Only a failure of the store itself rejects; `source` is closed
   * then, as by `break`, and the upload still holds its first `offset` bytes; with `ObjectTooLargeError` where no object of
   * this store can be so large.
   * A chunk may be held until the call settles: its memory must not be used again before. What was given away (`lib/chunk-memory.ts`) is
   * released once it is stored. One writer at a time: who cannot be sure of that forks.
   */
  append(state: UploadState, offset: number, source: AsyncIterable<Uint8Array>): Promise<Appended>

  /** The first `length` bytes of an upload in progress. */
  readUpload(state: UploadState, length: number): Promise<Readable>

  /**
   * A second upload with the first `length` bytes of this one: for a caller who takes an upload over
   * from a writer that may still be alive and must not disturb it any more.
   */
  forkUpload(state: UploadState, id: string, length: number): Promise<UploadState>

  /**
   * Turns an upload of `length` bytes into an object and answers its key: `key` where the driver places
   * objects freely, else the one it was uploaded under. Rejects with `ObjectExistsError` where `key` is
   * taken, whatever it holds; the upload stays as it was and may be finished under another key.
   * What stands behind `length` (left by an interrupted writer) is dropped.
   *
   * The upload is there until it is forgotten: who dies before it is written down where the object is can finish it again, under
   * the same key or another one. Whether anything can be appended to it still is the driver's affair (`ObjectMissingError`);
   * the object does not change by it.
   */
  finishUpload(state: UploadState, length: number, key: string): Promise<string>

  /** Drops what is left of an upload that was finished; it may be there again after a power cut. The object stays. */
  forgetUpload(state: UploadState): Promise<void>

  /** Drops an upload and its bytes; that it is gone already is no error. */
  abortUpload(state: UploadState): Promise<void>

  /**
   * Uploads that nothing was written to since `before`, at most `limit` of them, whether or not anybody
   * knows of them still: what a crash left behind is among them. Each equals, as JSON, the state that was
   * last answered for it: its caller tells by that whether it is his.
   */
  staleUploads(before: Date, limit: number): Promise<UploadState[]>

  /** Bytes of the medium, where it has a size. */
  capacity(): Promise<{ total: number; free: number } | undefined>

  /** Lets go of whatever the driver holds open. */
  close(): Promise<void>
}

/** What a driver must know of an upload in progress. JSON; its content belongs to the driver. */
export type UploadState = { [name: string]: unknown }

export interface DeleteOptions {
  /** For what must not come back. It may take much longer. */
  durable?: boolean
}

export interface ObjectStat {
  /** Bytes. */
  size: number
}

/** One object opened for reading. */
export interface ObjectReader {
  /** Fills `buffer` with the bytes from `position` on; answers how many there were, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>
  close(): Promise<void>
}

/** First and last byte, both included, as in HTTP. */
export interface ByteRange {
  start: number
  end: number
}

export interface Appended {
  /** What to keep as the upload's state from now on. */
  state: UploadState
  /** Bytes written and durable by this call. */
  written: number
  /** Why the source ended early, if it did. */
  failure?: unknown
}
