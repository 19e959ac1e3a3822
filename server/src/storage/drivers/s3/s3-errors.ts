import type { ByteRange } from '../../driver.ts'
import { InvalidRangeError, ObjectMissingError } from '../../errors.ts'

const MISSING = ['NoSuchKey', 'NotFound', 'NoSuchUpload']

/** There is no such object, or no such multipart upload. */
export function isMissing(error: unknown): boolean {
  return MISSING.includes(nameOf(error)) || (statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket')
}

/** `If-None-Match` found something; 409 is the answer to two who try in one moment. */
export function isTaken(error: unknown): boolean {
  return statusOf(error) === 412 || nameOf(error) === 'ConditionalRequestConflict'
}

/** A part is not what `CompleteMultipartUpload` said: somebody has written it anew. */
export function isWrongPart(error: unknown): boolean {
  return nameOf(error) === 'InvalidPart'
}

/** What the port has a name for gets it; everything else stays as it is. */
export async function namingRefusals<T>(
  key: string,
  range: ByteRange | undefined,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (range && (statusOf(error) === 416 || nameOf(error) === 'InvalidRange')) {
      throw new InvalidRangeError(key, range)
    }
    throw isMissing(error) ? new ObjectMissingError(key) : error
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

function statusOf(error: unknown): number | undefined {
  const metadata = (error as { $metadata?: { httpStatusCode?: number } })?.$metadata

  return metadata?.httpStatusCode
}
