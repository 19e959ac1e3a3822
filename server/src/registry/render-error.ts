import type { FastifyReply, FastifyRequest } from 'fastify'
import { ReferenceSizeError, ReferencesUnknownError } from '../artifacts/errors.ts'
import {
  DigestMismatchError,
  UploadInterruptedError,
  UploadOffsetError,
  UploadUnknownError,
} from '../blobs/errors.ts'
import { OciError } from '../oci/errors.ts'
import { DomainError } from '../platform/errors.ts'
import { answerTo } from '../platform/http/errors.ts'
import { ObjectTooLargeError, StorageFailureError, StorageFullError } from '../storage/errors.ts'

/** Answers with the error list of the distribution specification; only public texts leave the process. */
export function renderError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const oci = toOciError(error)
  if (oci.status >= 500) request.log.error({ err: error }, 'registry request failed')
  else request.log.debug({ err: error }, 'registry request refused')

  // Whatever a handler had prepared for success must not go out with the failure.
  for (const name of ['content-length', 'etag', 'cache-control', 'docker-content-digest'])
    reply.removeHeader(name)
  return reply
    .code(oci.status)
    .headers(oci.headers)
    .type('application/json; charset=utf-8')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send({ errors: oci.entries })
}

/** The error of the specification that stands for whatever was thrown. */
export function toOciError(error: unknown): OciError {
  if (error instanceof OciError) return error
  if (error instanceof ReferencesUnknownError) {
    return new OciError('MANIFEST_BLOB_UNKNOWN', { details: error.digests, cause: error })
  }
  if (error instanceof ReferenceSizeError) {
    return new OciError('MANIFEST_INVALID', { message: `manifest invalid: ${error.message}`, cause: error })
  }
  if (error instanceof DigestMismatchError)
    return new OciError('DIGEST_INVALID', { detail: error.expected, cause: error })
  if (error instanceof UploadUnknownError) return new OciError('BLOB_UPLOAD_UNKNOWN', { cause: error })
  if (error instanceof UploadOffsetError)
    return new OciError('BLOB_UPLOAD_INVALID', { status: 416, message: error.message, cause: error })
  if (error instanceof UploadInterruptedError) {
    return new OciError('SIZE_INVALID', { message: error.message, cause: error })
  }
  if (error instanceof StorageFullError) {
    return new OciError('UNAVAILABLE', { status: 507, message: error.message, cause: error })
  }
  if (error instanceof ObjectTooLargeError) {
    return new OciError('SIZE_INVALID', { status: 413, message: error.message, cause: error })
  }
  if (error instanceof StorageFailureError) {
    return new OciError('UNAVAILABLE', { message: 'the storage fails at the moment', cause: error })
  }
  if (error instanceof DomainError) return fromDomainError(error)

  const answer = answerTo(error)
  if (answer.status === 503) return new OciError('UNAVAILABLE', { message: answer.message, cause: error })
  if (answer.status >= 500) return new OciError('UNKNOWN', { cause: error })
  return new OciError('UNSUPPORTED', { status: answer.status, message: answer.message, cause: error })
}

function fromDomainError(error: DomainError): OciError {
  const options = { message: error.message, cause: error }
  switch (error.kind) {
    case 'unauthorized':
      return new OciError('UNAUTHORIZED', options)
    case 'forbidden':
    case 'denied':
      return new OciError('DENIED', options)
    case 'not-found':
      return new OciError('NAME_UNKNOWN', options)
    case 'too-many-requests':
      return new OciError('TOOMANYREQUESTS', options)
    case 'unavailable':
      return new OciError('UNAVAILABLE', options)
    case 'too-large':
      return new OciError('SIZE_INVALID', { ...options, status: 413 })
    case 'precondition-failed':
      return new OciError('PRECONDITION', options)
    case 'referenced':
      return new OciError('VIOLATE_FOREIGN_KEY_CONSTRAINT', options)
    case 'bad-request':
    case 'conflict':
    case 'not-implemented':
      return new OciError('UNSUPPORTED', { ...options, status: 400 })
  }
}
