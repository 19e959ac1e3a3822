import { randomBytes } from 'node:crypto'

/**
 * What the driver itself keeps in the bucket, none of it an object of its callers:
 *
 *     _uploads/<name>/at-0000000000001234   what the first 1,234 bytes of an upload consist of (`marks.ts`)
 *     _uploads/<name>/base-…                those bytes as one object, once somebody had to read them
 *     portolan/objects/ab/<name>.…          where an upload becomes an object, and stays
 */
export const UPLOADS = '_uploads/'
/** The first string behind all that begin with `UPLOADS`. */
export const BEHIND_UPLOADS = '_uploads0'
const OBJECTS = 'portolan/objects/'

const NAME = /^[A-Za-z0-9_-]{1,128}-[0-9a-f]{16}$/
const OFFSET_DIGITS = 16

/** Random, not counted: a name is never used again, so an old state never means a newer upload. */
export function newUploadName(id: string): string {
  return `${id}-${random()}`
}

/** The upload's name out of its state, which comes from a database and is checked like any input. */
export function nameOf(state: { name?: unknown }): string {
  if (typeof state.name !== 'string' || !NAME.test(state.name)) {
    throw new Error('this is not the state of an upload in a bucket')
  }

  return state.name
}

/** The name of the upload that a key of the driver's own belongs to, if it does. */
export function uploadOf(key: string): string | undefined {
  const name = key.startsWith(UPLOADS)
    ? key.slice(UPLOADS.length).split('/')[0]
    : key.startsWith(OBJECTS)
      ? key.slice(OBJECTS.length).split('/')[1]?.split('.')[0]
      : undefined

  return name !== undefined && NAME.test(name) ? name : undefined
}

export function uploadPrefix(name: string): string {
  return `${UPLOADS}${name}/`
}

export function markKey(name: string, length: number): string {
  return `${uploadPrefix(name)}at-${String(length).padStart(OFFSET_DIGITS, '0')}`
}

/** The length that a mark's key tells, undefined where it is no mark. */
export function markedLength(key: string): number | undefined {
  const [, digits] = /\/at-(\d+)$/.exec(key) ?? []

  return digits === undefined ? undefined : Number(digits)
}

export function newBaseKey(name: string): string {
  return `${uploadPrefix(name)}base-${random()}`
}

/**
 * Where the first `length` bytes of an upload without parts become an object: once, whoever does it, however often it is tried.
 * One that was finished, and that nobody has come to write down, may grow and be finished again.
 */
export function objectKey(name: string, length: number): string {
  return `${directoryOf(name)}${name}.at-${length}`
}

function directoryOf(name: string): string {
  return `${OBJECTS}${name.slice(-2)}/`
}

/**
 * Where one with parts does. An upload may have to begin a second multipart upload, and the first object be deleted:
 * different at each call, so that what is deleted late never hits what came later.
 */
export function newObjectKey(name: string): string {
  return `${directoryOf(name)}${name}.${random()}`
}

/** 16 hexadecimal digits. */
export function random(): string {
  return randomBytes(8).toString('hex')
}
