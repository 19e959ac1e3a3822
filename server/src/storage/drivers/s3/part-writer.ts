import { createChunkList } from '../../../lib/chunk-list.ts'
import { ObjectTooLargeError } from '../../errors.ts'
import type { Bucket, Multipart, Part } from './bucket.ts'
import type { InParts } from './marks.ts'

const MIB = 1024 * 1024
/** No part but the last may be smaller. */
export const MIN_PART = 5 * MIB
/** How large parts are up to some number: as many bytes as are gathered, and as few as the end of an append makes a part of. */
interface PartSizes {
  upTo: number
  size: number
  least: number
}

/**
 * A multipart upload has 10,000 parts at most, one of which is for the bytes behind the last append. These sizes let it reach
 * 870 GiB in one request, while memory stays at two parts; and 200 GiB in chunks of a few MiB, which do not become
 * a part each when there are many.
 */
const PART_SIZES: readonly PartSizes[] = [
  { upTo: 1000, size: 8 * MIB, least: MIN_PART },
  { upTo: 4000, size: 32 * MIB, least: 8 * MIB },
  { upTo: 9999, size: 128 * MIB, least: 32 * MIB },
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
  sizes = PART_SIZES,
): PartWriter {
  const parts: Part[] = [...start.parts]
  let multipart: Multipart | undefined = start.multipart
  let gathered = createChunkList()
  if (start.tail.length > 0) gathered.add(start.tail)
  let uploading: Promise<void> = Promise.resolve()

  /** Parts that are on their way: one at most. */
  let pending = 0

  async function upload(bytes: Buffer): Promise<void> {
    multipart ??= await begin()
    parts.push(await bucket.uploadPart(multipart, parts.length + 1, bytes))
    pending = 0
  }

  async function flush(): Promise<void> {
    await uploading
    const bytes = gathered.join()
    gathered = createChunkList()
    pending = 1
    uploading = upload(bytes)
    uploading.catch(() => {
      // Told by the next flush, or by the end; until then it must not be an unhandled one.
    })
  }

  return {
    async write(chunk) {
      const next = sizes.find(({ upTo }) => parts.length + pending < upTo)
      if (next === undefined) throw new ObjectTooLargeError()
      gathered.add(chunk)
      if (gathered.size >= next.size) await flush()
    },
    async end() {
      await uploading
      const next = sizes.find(({ upTo }) => parts.length < upTo)
      if (next && gathered.size >= next.least) await flush()
      await uploading
      return { ...(multipart && { multipart }), parts, tail: gathered.join() }
    },
    async discard() {
      await uploading.catch(() => {
        // That is why it is discarded.
      })
      if (multipart && !start.multipart) await bucket.abort(multipart)
    },
  }
}
