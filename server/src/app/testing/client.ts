import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { LightMyRequestResponse } from 'fastify'
import { OCI_IMAGE, OCI_IMAGE_CONFIG } from '../../oci/media-types.ts'
import { cut } from '../../storage/suite/bytes.ts'
import type { Program } from './program.ts'
import type { Promises } from './promises.ts'

/** An answer that is no success: the client gives up here. */
export class Refusal extends Error {
  readonly answer: LightMyRequestResponse

  constructor(method: string, url: string, answer: LightMyRequestResponse) {
    super(
      `${method} ${url.replace(/[0-9a-f-]{36}|[0-9a-f]{64}/g, '…')}: ${answer.statusCode} ${answer.payload}`,
    )
    this.answer = answer
  }
}

type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A client of one process that writes down what it is promised, at the moment it is. */
export interface Client {
  /** POST with the digest, all in one. */
  pushWhole(repository: string, bytes: Buffer): Promise<void>
  /** POST; answers the location. */
  begin(repository: string): Promise<string>
  /** PATCH; answers the next location. */
  append(location: string, bytes: Buffer): Promise<string>
  /** PUT. */
  finish(repository: string, location: string, last: Buffer, whole: Buffer): Promise<void>
  /** Asks how much of an upload has come, and sends the rest. */
  resume(repository: string, location: string): Promise<void>
  cancel(location: string): Promise<void>
  mount(repository: string, from: string, bytes: Buffer): Promise<void>
  pushManifest(repository: string, tag: string, blobs: { config: Buffer; layers: Buffer[] }): Promise<void>
  deleteManifest(repository: string, digest: string): Promise<void>
  deleteBlob(repository: string, bytes: Buffer): Promise<void>
}

export function createClient({ http }: Program, promises: Promises): Client {
  async function send(method: Method, url: string, bytes?: Buffer, type?: string) {
    const headers = {
      ...(type !== undefined && { 'content-type': type }),
      ...(bytes && { 'content-length': String(bytes.length) }),
    }
    const answer = await http.inject({ method, url, headers, ...(bytes && { payload: pieces(bytes) }) })
    // What is to be deleted may have been before, by an attempt that nobody heard the end of.
    const isGone = method === 'DELETE' && answer.statusCode === 404
    if (answer.statusCode >= 300 && !isGone) throw new Refusal(method, url, answer)
    return answer
  }
  const promiseBlob = (repository: string, bytes: Buffer) => {
    promises.blobs.set(`${repository}@${digestOf(bytes)}`, bytes)
  }

  const client: Client = {
    async pushWhole(repository, bytes) {
      await send('POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`, bytes)
      promiseBlob(repository, bytes)
    },
    async begin(repository) {
      return String((await send('POST', `/v2/${repository}/blobs/uploads/`)).headers.location)
    },
    async append(location, bytes) {
      const sent = Buffer.concat([promises.uploads.get(location) ?? Buffer.alloc(0), bytes])
      promises.sent.set(location, sent)
      const next = String((await send('PATCH', location, bytes)).headers.location)
      promises.uploads.delete(location)
      promises.uploads.set(next, sent)
      return next
    },
    async finish(repository, location, last, whole) {
      // From here on the upload may be over.
      const held = promises.uploads.get(location) ?? Buffer.alloc(0)
      promises.uploads.delete(location)
      // A wrong digest ends it without a blob.
      const isRight = Buffer.concat([held, last]).equals(whole)
      if (isRight) promises.ending.set(location, { repository, last, whole })
      try {
        await send('PUT', `${location}&digest=${digestOf(whole)}`, last.length > 0 ? last : undefined)
        promiseBlob(repository, whole)
      } catch (error) {
        if (!(error instanceof Refusal) || error.answer.statusCode >= 500) throw error
        promises.ending.delete(location)
        throw error
      }
      promises.ending.delete(location)
    },
    async resume(repository, location) {
      const answer = await http.inject({ url: location })
      if (answer.statusCode !== 204) throw new Refusal('GET', location, answer)
      const sent = promises.sent.get(location) ?? promises.uploads.get(location) ?? Buffer.alloc(0)
      const held = sent.subarray(0, Number(String(answer.headers.range).split('-')[1]) + 1)
      promises.uploads.set(location, held)
      const rest = Buffer.from('the rest')
      const next = await client.append(location, rest)
      await client.finish(repository, next, Buffer.alloc(0), Buffer.concat([held, rest]))
    },
    async cancel(location) {
      promises.uploads.delete(location)
      await send('DELETE', location)
    },
    async mount(repository, from, bytes) {
      const query = `mount=${digestOf(bytes)}&from=${from}`
      const answer = await send('POST', `/v2/${repository}/blobs/uploads/?${query}`)
      if (answer.statusCode !== 201) throw new Refusal('POST', query, answer)
      promiseBlob(repository, bytes)
    },
    async pushManifest(repository, tag, blobs) {
      const body = manifestOf(blobs)
      const digest = digestOf(body)
      promises.gone.delete(`${repository}@${digest}`)
      await send('PUT', `/v2/${repository}/manifests/${tag}`, body, OCI_IMAGE)
      promises.manifests.set(`${repository}:${tag}`, body)
      promises.manifests.set(`${repository}@${digest}`, body)
    },
    async deleteManifest(repository, digest) {
      for (const [name, body] of [...promises.manifests]) {
        if (name.startsWith(repository) && digestOf(body) === digest) promises.manifests.delete(name)
      }
      await send('DELETE', `/v2/${repository}/manifests/${digest}`)
      promises.gone.add(`${repository}@${digest}`)
    },
    async deleteBlob(repository, bytes) {
      promises.blobs.delete(`${repository}@${digestOf(bytes)}`)
      await send('DELETE', `/v2/${repository}/blobs/${digestOf(bytes)}`)
    },
  }
  return client
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** The manifest of an image. */
export function manifestOf({ config, layers }: { config: Buffer; layers: Buffer[] }): Buffer {
  const describe = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  })

  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_IMAGE,
      config: describe(OCI_IMAGE_CONFIG, config),
      layers: layers.map((layer) => describe('application/vnd.oci.image.layer.v1.tar', layer)),
    }),
  )
}

/** As a network cuts it. */
function pieces(bytes: Buffer): Readable {
  return Readable.from(cut(bytes, Math.min(Math.ceil(bytes.length / 2), 4096)))
}
