import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import type { ByteRange } from '../../driver.ts'
import { ObjectExistsError, ObjectMissingError } from '../../errors.ts'
import { isMissing, isTaken, namingRefusals } from './s3-errors.ts'
import type { S3Settings } from './settings.ts'

/** A part as the server knows it. */
export interface Part {
  etag: string
  /** Bytes. */
  size: number
}

/** Bytes of all of them. */
export function sizeOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0)
}

export interface Listed {
  key: string
  lastModified: Date
}

/** A multipart upload that was begun. */
export interface Multipart {
  key: string
  id: string
  /** Kept beside the object that comes of it. */
  writer: string
}

export interface ObjectHead {
  /** Bytes. */
  size: number
  /** Who wrote it, where it was this driver. */
  writer?: string
}

/**
 * With a `writer` nothing is overwritten: `ObjectExistsError` where the key is taken, unless by this very writer. An answer may be
 * lost after the server has done the work; asked again it says that the key is taken, and only this tells by whom.
 */
export interface WriteOptions {
  writer?: string
}

/** What the driver asks of a bucket: keys without the prefix in and out, errors of the storage port. */
export interface Bucket {
  check(): Promise<void>
  head(key: string): Promise<ObjectHead | undefined>
  /** The body is not watched over; `read-object.ts` does that. */
  get(key: string, range?: ByteRange): Promise<{ body: Readable; size: number }>
  /** Replaces what is there, unless a writer is given. */
  put(key: string, bytes: Uint8Array, options?: WriteOptions): Promise<void>
  /** Keys that begin with `prefix`, in byte order, after `after`. `more`: there are some behind them. */
  list(prefix: string, after: string, limit: number): Promise<{ objects: Listed[]; more: boolean }>
  delete(key: string): Promise<void>
  begin(key: string, writer: string): Promise<Multipart>
  uploadPart(upload: Multipart, number: number, bytes: Uint8Array): Promise<Part>
  /** Both bounds included; copied by the server. */
  copyPart(upload: Multipart, number: number, from: string, range: ByteRange): Promise<Part>
  /**
   * Overwrites nothing. `ObjectMissingError` where there is no such upload any more; that it was completed already, to the
   * same size, is no error.
   */
  complete(upload: Multipart, parts: Part[]): Promise<void>
  abort(upload: Omit<Multipart, 'writer'>): Promise<void>
  /** Multipart uploads that were begun before then; none where the server cannot tell. */
  begunBefore(before: Date, limit: number): Promise<Omit<Multipart, 'writer'>[]>
  close(): void
}

/** The bucket of `settings`, through `client`. */
export function createBucket(client: S3Client, settings: S3Settings): Bucket {
  const Bucket = settings.bucket
  const root = settings.prefix === '' ? '' : `${settings.prefix}/`
  const at = (key: string) => ({ Bucket, Key: root + key })
  const encrypted = encryption(settings)

  async function head(key: string): Promise<ObjectHead | undefined> {
    try {
      const { ContentLength = 0, Metadata } = await client.send(new HeadObjectCommand(at(key)))
      return { size: ContentLength, ...(Metadata?.writer && { writer: Metadata.writer }) }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  return {
    async check() {
      await client.send(new HeadBucketCommand({ Bucket }))
    },
    head,
    async get(key, range) {
      const Range = range && `bytes=${range.start}-${range.end}`
      const answer = await namingRefusals(key, range, () =>
        client.send(new GetObjectCommand({ ...at(key), ...(Range && { Range }) })),
      )
      return { body: readable(answer.Body), size: answer.ContentLength ?? 0 }
    },
    async put(key, bytes, { writer } = {}) {
      const exclusive = writer === undefined ? {} : { IfNoneMatch: '*', Metadata: { writer } }
      try {
        await client.send(new PutObjectCommand({ ...at(key), ...encrypted, ...exclusive, Body: bytes }))
      } catch (error) {
        if (writer === undefined || !isTaken(error)) throw error
        if ((await head(key))?.writer !== writer) throw new ObjectExistsError(key)
      }
    },
    async list(prefix, after, limit) {
      const { Contents = [], IsTruncated } = await client.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix: root + prefix,
          MaxKeys: limit,
          ...(after && { StartAfter: root + after }),
        }),
      )
      const objects = Contents.map(({ Key = '', LastModified = new Date(0) }) => ({
        key: Key.slice(root.length),
        lastModified: LastModified,
      }))
      return { objects, more: IsTruncated === true }
    },
    async delete(key) {
      try {
        await client.send(new DeleteObjectCommand(at(key)))
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    },
    ...multipart({ client, at, root, settings, head }),
    close: () => client.destroy(),
  }
}

type MultipartMethods = Pick<
  Bucket,
  'begin' | 'uploadPart' | 'copyPart' | 'complete' | 'abort' | 'begunBefore'
>

interface Within {
  client: S3Client
  settings: S3Settings
  root: string
  at: (key: string) => { Bucket: string; Key: string }
  head: Bucket['head']
}

function multipart({ client, settings, root, at, head }: Within): MultipartMethods {
  const upload = ({ key, id }: Omit<Multipart, 'writer'>) => ({ ...at(key), UploadId: id })

  return {
    async begin(key, writer) {
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ ...at(key), ...encryption(settings), Metadata: { writer } }),
      )
      if (!UploadId) throw new Error('the store began an upload without an id')
      return { key, id: UploadId, writer }
    },
    async uploadPart(to, number, bytes) {
      const part = await namingRefusals(to.key, undefined, () =>
        client.send(new UploadPartCommand({ ...upload(to), PartNumber: number, Body: bytes })),
      )
      return toPart(part, bytes.byteLength)
    },
    async copyPart(to, number, from, { start, end }) {
      const source = at(from)
      const { CopyPartResult } = await namingRefusals(from, undefined, () =>
        client.send(
          new UploadPartCopyCommand({
            ...upload(to),
            PartNumber: number,
            CopySource: encodeURI(`${source.Bucket}/${source.Key}`),
            CopySourceRange: `bytes=${start}-${end}`,
          }),
        ),
      )
      return toPart(CopyPartResult, end - start + 1)
    },
    async complete(to, parts) {
      const Parts = parts.map(({ etag }, index) => ({ ETag: etag, PartNumber: index + 1 }))
      const command = { ...upload(to), MultipartUpload: { Parts }, IfNoneMatch: '*' }
      try {
        await client.send(new CompleteMultipartUploadCommand(command))
      } catch (error) {
        if (!isTaken(error) && !isMissing(error)) throw error
        // With other parts it is not what was asked for, though it is the same upload.
        const made = await head(to.key)
        const isOwn = made?.writer === to.writer
        if (isOwn && made.size === sizeOf(parts)) return
        throw isTaken(error) && !isOwn ? new ObjectExistsError(to.key) : new ObjectMissingError(to.key)
      }
    },
    async abort(to) {
      try {
        await client.send(new AbortMultipartUploadCommand(upload(to)))
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    },
    async begunBefore(before, limit) {
      const found: { key: string; id: string }[] = []
      let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {}
      // Of the whole bucket: some servers answer a prefix only where it is a whole key.
      while (marker && found.length < limit) {
        const page: ListMultipartUploadsCommandOutput = await client.send(
          new ListMultipartUploadsCommand({ Bucket: settings.bucket, ...marker }),
        )
        for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
          if (!Key?.startsWith(root) || !UploadId || !Initiated || Initiated >= before) continue
          found.push({ key: Key.slice(root.length), id: UploadId })
        }
        marker = page.IsTruncated
          ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
          : undefined
      }
      return found
    },
  }
}

function toPart(answer: { ETag?: string | undefined } | undefined, size: number): Part {
  if (!answer?.ETag) throw new Error('the store took a part without saying which')

  return { etag: answer.ETag, size }
}

function encryption({ encryption, encryptionKeyId }: S3Settings) {
  return {
    ...(encryption && { ServerSideEncryption: encryption }),
    ...(encryptionKeyId && { SSEKMSKeyId: encryptionKeyId }),
  }
}

function readable(body: unknown): Readable {
  if (body instanceof Readable) return body

  throw new ObjectMissingError('without a body')
}
