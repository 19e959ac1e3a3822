import type { FastifyReply } from 'fastify'
import type { Upload } from '../blobs/model.ts'
import { type Exchange, filled } from './exchange.ts'

/**
 * The headers of every answer about an upload. Clients append `&digest=…` to the location, as they do
 * with Harbor's, so it has a parameter: the offset, for whoever reads logs.
 */
export function describeUpload(exchange: Exchange, upload: Pick<Upload, 'id' | 'offset'>): FastifyReply {
  const name = filled(exchange, 'name').full

  return exchange.reply.headers({
    location: `/v2/${name}/blobs/uploads/${upload.id}?_state=${upload.offset}`,
    range: `0-${Math.max(0, upload.offset - 1)}`,
    'docker-upload-uuid': upload.id,
  })
}

/** 201 with the place where the blob can be pulled. */
export function createdBlob(exchange: Exchange, digest: string): FastifyReply {
  const name = filled(exchange, 'name').full

  return exchange.reply
    .code(201)
    .headers({ location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest })
    .send()
}
