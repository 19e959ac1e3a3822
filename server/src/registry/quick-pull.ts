import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FindPulled } from '../artifacts/lookup.ts'
import type { Artifact } from '../artifacts/model.ts'
import type { Pull } from '../artifacts/pulls/model.ts'
import type { Lru } from '../lib/lru.ts'
import { isDigest } from '../oci/digest.ts'
import { isTag, parseRepositoryName, type RepositoryName } from '../oci/reference.ts'
import { ACTIONS } from './actions.ts'
import type { Caller } from './exchange.ts'
import { mayAct } from './permit.ts'
import { OF_EVERY_ANSWER } from './routes.ts'
import { tellPull } from './tell-pull.ts'

export interface QuickPullDeps {
  /** Who shows a token that was seen before; undefined at once for any other request. */
  authenticate(authorization: string | undefined): Promise<Caller | undefined> | undefined
  findPulled: FindPulled
  /** Bodies by digest. */
  manifestCache: Pick<Lru<string, Buffer>, 'get'>
  recordPull(pull: Pull): Promise<void> | undefined
  addressOf(request: IncomingMessage): string
  /** Told of each request that is taken; the answer is called where it goes the long way after all. */
  watch?: ((request: IncomingMessage, response: ServerResponse) => () => void) | undefined
}

/** Conditions, and bodies. */
const UNUSUAL = ['if-none-match', 'content-length', 'transfer-encoding', 'expect']

/** Names that need no decoding, and no query. */
const MANIFEST = /^\/v2\/([a-z0-9._/-]+)\/manifests\/([A-Za-z0-9._:-]+)$/

/**
 * The quick way of the most frequent request of all: GET and HEAD of a manifest that is there, by whoever has a token that was
 * seen before and may pull. It asks the database as the long way does, in one question instead of two, and answers the
 * same; what is unusual in any respect it leaves alone, and the long way finds out what to say.
 *
 * @returns whether it takes the request; then `goOn` is called where it turns out to be unusual, before anything was answered.
 */
export function quickPull(
  deps: QuickPullDeps,
): (request: IncomingMessage, response: ServerResponse, goOn: () => void) => boolean {
  return (request, response, goOn) => {
    const { method, headers } = request
    if (method !== 'GET' && method !== 'HEAD') return false
    if (UNUSUAL.some((name) => headers[name] !== undefined)) return false
    const asked = readTarget(request.url ?? '')
    const caller = asked && deps.authenticate(headers.authorization)
    if (!asked || !caller) return false

    void serve(deps, { ...asked, caller }, request, response, goOn)
    return true
  }
}

async function serve(
  deps: QuickPullDeps,
  { caller, ...asked }: Asked & { caller: Promise<Caller | undefined> },
  request: IncomingMessage,
  response: ServerResponse,
  goOn: () => void,
): Promise<void> {
  const unwatch = deps.watch?.(request, response)
  try {
    const known = await caller
    if (known && (await answer(deps, { ...asked, caller: known }, request, response))) return
  } catch {
    // Whatever went wrong goes wrong on the long way too, and is told there.
  }
  // Whoever would hear of the end of an answer to nobody waits for ever.
  if (response.headersSent || request.socket.destroyed) return
  unwatch?.()
  goOn()
}

interface Asked {
  name: RepositoryName
  /** A tag or a digest. */
  reference: string
}

function readTarget(url: string): Asked | undefined {
  const [, full = '', reference = ''] = MANIFEST.exec(url) ?? []
  const name = full === '' ? undefined : parseRepositoryName(full)
  return name && (isDigest(reference) || isTag(reference)) ? { name, reference } : undefined
}

/** Whether it could be answered. */
async function answer(
  deps: QuickPullDeps,
  { name, reference, caller }: Asked & { caller: Caller },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { method, headers } = request
  const { principal } = caller
  const found = await deps.findPulled({
    project: name.project,
    userId: principal.kind === 'user' ? principal.id : undefined,
    repository: name.repository,
    ...(isDigest(reference) ? { digest: reference } : { tag: reference }),
  })
  // Nothing is handed out to a client that is gone, nor is its address known any more.
  if (request.socket.destroyed) return true
  // Under a former name its answer is another one.
  if (found?.project.name !== name.project) return false
  const { project, artifact } = found
  if (!mayAct(caller, ACTIONS['manifest-get'], project, name)) return false
  if (method === 'HEAD') {
    response.writeHead(200, headersOf(artifact)).end()
    return true
  }
  const body = deps.manifestCache.get(artifact.digest)
  if (!body) return false

  const address = deps.addressOf(request)
  await tellPull(deps.recordPull, {
    artifact,
    project,
    repository: name.repository,
    reference,
    caller,
    headers,
    address,
  })
  // As text it goes out together with the headers, in one piece.
  response.writeHead(200, headersOf(artifact)).end(body.toString('latin1'), 'latin1')
  return true
}

function headersOf({ digest, mediaType, manifestSize }: Artifact) {
  return {
    ...OF_EVERY_ANSWER,
    'docker-content-digest': digest,
    etag: `"${digest}"`,
    'content-type': mediaType,
    'content-length': manifestSize,
  }
}
