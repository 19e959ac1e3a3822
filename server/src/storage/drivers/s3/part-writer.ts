import type { Bucket, Multipart, Part } from './bucket.ts'
import type { InParts } from './marks.ts'

const MIB = 1024 * 1024
/** No part but the last may be smaller. */
export const MIN_PART = 5 * MIB
/**
 * Bytes of a part by its number. A multipart upload has 10,000 parts at most: these sizes let it reach
 * 870 GiB, while memory stays at two parts.
 */
const PART_SIZES = [
  { upTo: 1000, size: 8 * MIB },
  { upTo: 4000, size: 32 * MIB },
  { upTo: 10_000, size: 128 * MIB },
]

export interface PartWriter {
  /** Resolves when the chunk may be followed by another; the chunk is held until it is uploaded. */
  write(chunk: Uint8Array): Promise<void>
  /** Resolves when all is uploaded but what is too little for a part. */
  end(): Promise<InParts>
  /** After a failure: drops the multipart upload if it was begun here. */
  discard(): Promise<void>
}

/** Goes on behind `start`. One part is being uploaded while the next one is gathered. */
export function createPartWriter(
  bucket: Bucket,
  start: InParts,
  begin: () => Promise<Multipart>,
): PartWriter {
  const parts: Part[] = [...start.parts]
  let multipart: Multipart | undefined = start.multipart
  let gathered: Uint8Array[] = start.tail.length > 0 ? [start.tail] : []
  let size = start.tail.length
  let uploading: Promise<void> = Promise.resolve()

  async function upload(bytes: Buffer): Promise<void> {
    multipart ??= await begin()
    parts.push(await bucket.uploadPart(multipart, parts.length + 1, bytes))
  }

  async function flush(): Promise<void> {
    await uploading
    const bytes = Buffer.concat(gathered, size)
    gathered = []
    size = 0
    uploading = upload(bytes)
    uploading.catch(() => {
      // Told by the next flush, or by the end; until then it must not be an unhandled one.
    })
  }

  return {
    async write(chunk) {
      gathered.push(chunk)
      size += chunk.byteLength
      if (size >= partSize(parts.length + 1)) await flush()
    },
    async end() {
      if (size >= MIN_PART) await flush()
      await uploading
      return { ...(multipart && { multipart }), parts, tail: Buffer.concat(gathered, size) }
    },
    async discard() {
      await uploading.catch(() => {
        // That is why it is discarded.
      })
      if (multipart && !start.multipart) await bucket.abort(multipart)
    },
  }
}

function partSize(number: number): number {
  const row = PART_SIZES.find(({ upTo }) => number <= upTo)
  if (row === undefined) throw new Error('the upload is larger than a bucket takes')

  return row.size
}
