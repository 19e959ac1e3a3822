/** There is no such upload in this repository: never begun, ended, expired, or its bytes are gone. */
export class UploadUnknownError extends Error {
  constructor(id: string) {
    super(`no upload ${id}`)
    this.name = 'UploadUnknownError'
  }
}

/** A chunk does not begin where the upload stands, or another writer has taken the upload over. */
export class UploadOffsetError extends Error {
  /** Bytes that the upload has. */
  readonly offset: number

  constructor(offset: number) {
    super(`the upload stands at ${offset}`)
    this.name = 'UploadOffsetError'
    this.offset = offset
  }
}

/** The content has another digest than the client said. */
export class DigestMismatchError extends Error {
  readonly expected: string

  constructor(expected: string, actual: string) {
    super(`content has digest ${actual}, not ${expected}`)
    this.name = 'DigestMismatchError'
    this.expected = expected
  }
}

/** The client went away or sent less than it announced; what arrived is kept. */
export class UploadInterruptedError extends Error {
  constructor(cause: unknown) {
    super('the request body ended early', { cause })
    this.name = 'UploadInterruptedError'
  }
}
