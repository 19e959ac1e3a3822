import type { IncomingMessage } from 'node:http'
import proxyaddr from '@fastify/proxy-addr'
import type { FastifyInstance } from 'fastify'
import { createPulledLookup } from '../artifacts/lookup.ts'
import { createPulledBlobLookup, type FindPulledBlob } from '../blobs/lookup.ts'
import { createSmallBodies } from '../blobs/small-bodies.ts'
import type { UploadsDeps } from '../blobs/uploads.ts'
import type { Config } from '../config/schema.ts'
import { putInFront } from '../platform/http/quick-way.ts'
import { requestId } from '../platform/http/request-id.ts'
import { type QuickPullDeps, quickPull } from '../registry/quick-pull.ts'
import { readRange, wholeOf } from '../registry/read-object.ts'
import { tellBroken } from '../registry/send-object.ts'
import { knownCallerOf } from './registry-caller.ts'
import type { ServerParts } from './server-parts.ts'
import type { Services } from './services.ts'

/** Puts the quick way of pulls in front of the server, as `putInFront` says. */
export function addQuickPulls(
  app: FastifyInstance,
  config: Config,
  deps: Omit<QuickPullDeps, 'addressOf'>,
  watching: Parameters<typeof putInFront>[2] = {},
): void {
  putInFront(app, quickPull({ ...deps, addressOf: addressesBehind(config.trustedProxies) }), watching)
}

export function quickPullDeps(
  { log, prepared }: Pick<ServerParts, 'log' | 'prepared'>,
  { auth, data }: Pick<Services, 'auth' | 'data'>,
): Omit<QuickPullDeps, 'addressOf'> {
  // As Fastify would: the id leads to what a proxy in front has noted.
  const logOf = (request: IncomingMessage) => log.child({ reqId: requestId(request) })
  return {
    authenticate: knownCallerOf(auth),
    findPulled: createPulledLookup(prepared),
    manifestCache: data.artifacts.manifestCache,
    recordPull: data.pulls.record,
    blobs: quickBlobDeps(logOf, createPulledBlobLookup(prepared, data.uploads.store), data.uploads),
    tellFailed: (err, request) => logOf(request).error({ err }, 'registry request failed'),
  }
}

function quickBlobDeps(
  logOf: (request: IncomingMessage) => ServerParts['log'],
  findPulledBlob: FindPulledBlob,
  { storage, graceSeconds }: Pick<UploadsDeps, 'storage' | 'graceSeconds'>,
): QuickPullDeps['blobs'] {
  const open = storage.open?.bind(storage)
  if (!open || storage.urlOf) return undefined

  return {
    findPulledBlob,
    smallBodies: createSmallBodies((blob) => readRange(open, blob.key, wholeOf(blob))),
    open,
    graceSeconds,
    tellBroken: (error, blob, request) => tellBroken(logOf(request), error, blob),
  }
}

/** Where a request comes from, as Fastify finds it. */
function addressesBehind(trusted: readonly string[]): (request: IncomingMessage) => string {
  if (trusted.length === 0) return ({ socket }) => socket.remoteAddress ?? ''
  const isTrusted = proxyaddr.compile([...trusted])
  return (request) => proxyaddr(request, isTrusted)
}
