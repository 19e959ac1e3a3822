/** Codes of the distribution specification ("Error Codes"), with the status and text that go with each. */
export const OCI_ERRORS = {
  BLOB_UNKNOWN: { status: 404, message: 'blob unknown to registry' },
  BLOB_UPLOAD_INVALID: { status: 400, message: 'blob upload invalid' },
  BLOB_UPLOAD_UNKNOWN: { status: 404, message: 'blob upload unknown to registry' },
  DIGEST_INVALID: { status: 400, message: 'provided digest did not match uploaded content' },
  MANIFEST_BLOB_UNKNOWN: {
    status: 400,
    message: 'manifest references a manifest or blob unknown to registry',
  },
  MANIFEST_INVALID: { status: 400, message: 'manifest invalid' },
  MANIFEST_UNKNOWN: { status: 404, message: 'manifest unknown to registry' },
  NAME_INVALID: { status: 400, message: 'invalid repository name' },
  NAME_UNKNOWN: { status: 404, message: 'repository name not known to registry' },
  SIZE_INVALID: { status: 400, message: 'provided length did not match content length' },
  TAG_INVALID: { status: 400, message: 'invalid tag' },
  UNAUTHORIZED: { status: 401, message: 'authentication required' },
  DENIED: { status: 403, message: 'requested access to the resource is denied' },
  UNSUPPORTED: { status: 405, message: 'the operation is unsupported' },
  TOOMANYREQUESTS: { status: 429, message: 'too many requests' },
  // Harbor's own code for deleting what an index lists.
  VIOLATE_FOREIGN_KEY_CONSTRAINT: { status: 412, message: 'the artifact is referenced by others' },
  // Harbor's own code for pushing over, and deleting, an immutable tag.
  PRECONDITION: { status: 412, message: 'precondition failed' },
  UNAVAILABLE: { status: 503, message: 'the registry cannot do this at the moment' },
  UNKNOWN: { status: 500, message: 'unknown error' },
} as const

export type OciErrorCode = keyof typeof OCI_ERRORS

/** One entry of the error list, as it goes over the wire. */
export interface OciErrorEntry {
  code: string
  message: string
  detail?: unknown
}

/**
 * An error in the terms of the distribution specification. `message` and `detail` are shown to the client;
 * `status` overrides the code's own where one code serves several; `headers` go out with the answer.
 */
export class OciError extends Error {
  readonly code: OciErrorCode
  readonly status: number
  readonly entries: readonly OciErrorEntry[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: OciErrorCode,
    options: {
      message?: string
      detail?: unknown
      /** Several entries of the same code, one a detail. */
      details?: readonly unknown[]
      status?: number
      headers?: Record<string, string>
      cause?: unknown
    } = {},
  ) {
    const message = options.message ?? OCI_ERRORS[code].message
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'OciError'
    this.code = code
    this.status = options.status ?? OCI_ERRORS[code].status
    this.headers = options.headers ?? {}
    const details = options.details ?? (options.detail === undefined ? [] : [options.detail])
    this.entries =
      details.length === 0 ? [{ code, message }] : details.map((detail) => ({ code, message, detail }))
  }
}
