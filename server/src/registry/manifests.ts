import { createHash } from 'node:crypto'
import { deleteArtifact, deleteTag } from '../artifacts/deletion.ts'
import { pushManifest } from '../artifacts/push.ts'
import { readManifest } from '../artifacts/service.ts'
import { algorithmOf, isDigest } from '../oci/digest.ts'
import { OciError } from '../oci/errors.ts'
import { parseManifest } from '../oci/manifest.ts'
import { isTag } from '../oci/reference.ts'
import { actorIn, type Exchange, filled, placeOf } from './exchange.ts'
import { followAlias } from './follow-alias.ts'
import { matchesEntityTag } from './range.ts'
import { readBody } from './read-body.ts'
import { findExistingRepository } from './steps/find-repository.ts'
import { tellPull } from './tell-pull.ts'

// The specification asks for at least 10 tags in one push.
const MAX_TAGS = 100

/** GET and HEAD /v2/<name>/manifests/<tag-or-digest> ("Pulling manifests"). */
export async function getManifest(exchange: Exchange): Promise<unknown> {
  const { request, reply, reference, deps } = exchange
  const find = () =>
    deps.artifacts.findReference({
      ...placeOf(exchange),
      ...(isDigest(reference) ? { digest: reference } : { tag: reference }),
    })
  const artifact = (await find()) ?? ((await followAlias(exchange)) ? await find() : undefined)
  if (!artifact) {
    await findExistingRepository(exchange)
    throw unknownManifest(exchange)
  }

  const tag = `"${artifact.digest}"`
  reply.headers({ 'docker-content-digest': artifact.digest, etag: tag })
  if (matchesEntityTag(request.headers['if-none-match'], tag)) return reply.code(304).send()

  reply.type(artifact.mediaType).header('content-length', artifact.manifestSize)
  if (request.method === 'HEAD') return reply.send()

  const body = await readManifest(deps.artifacts, artifact)
  await tellPull(deps.recordPull, {
    artifact,
    project: filled(exchange, 'project'),
    repository: placeOf(exchange).repository,
    reference,
    caller: filled(exchange, 'caller'),
    headers: request.headers,
    address: request.ip,
  })
  return reply.send(body)
}

/** PUT /v2/<name>/manifests/<tag-or-digest> ("Pushing Manifests"); `tag` parameters go with a digest. */
export async function putManifest(exchange: Exchange): Promise<unknown> {
  const { request, reply, reference, deps } = exchange
  const name = filled(exchange, 'name')
  const tags = readTags(exchange)
  const body = await readBody(request.raw, deps.manifestMaxBytes)
  const digest = digestOf(body, reference)
  const manifest = parseManifest(body, request.headers['content-type'])

  await pushManifest(deps.artifacts, {
    repository: filled(exchange, 'repository'),
    digest,
    body,
    manifest,
    tags,
    projectName: filled(exchange, 'project').name,
    actor: actorIn(exchange),
  })

  reply
    .code(201)
    .headers({ location: `/v2/${name.full}/manifests/${digest}`, 'docker-content-digest': digest })
  if (manifest.subject) reply.header('oci-subject', manifest.subject.digest)
  if (isDigest(reference) && tags.length > 0) reply.header('oci-tag', tags.join(', '))
  return reply.send()
}

/** DELETE /v2/<name>/manifests/<tag-or-digest> ("Deleting tags", "Deleting Manifests"). */
export async function deleteManifest(exchange: Exchange): Promise<unknown> {
  const { reference, deps, reply } = exchange
  const place = { repository: filled(exchange, 'repository'), projectName: filled(exchange, 'project').name }
  const actor = actorIn(exchange)
  const deleted = isDigest(reference)
    ? await deleteArtifact(deps.artifacts, place, reference, actor)
    : await deleteTag(deps.artifacts, place, reference, actor)
  if (!deleted) throw unknownManifest(exchange)

  return reply.code(202).send()
}

function readTags(exchange: Exchange): string[] {
  const { reference, query } = exchange
  if (!isDigest(reference)) return [reference]

  const tags = [...new Set(query.getAll('tag'))]
  if (tags.length > MAX_TAGS)
    throw new OciError('TAG_INVALID', { status: 414, message: `more than ${MAX_TAGS} tags` })
  const bad = tags.find((tag) => !isTag(tag))
  if (bad !== undefined) throw new OciError('TAG_INVALID', { detail: bad })
  return tags
}

function digestOf(body: Uint8Array, reference: string): string {
  const algorithm = isDigest(reference) ? algorithmOf(reference) : 'sha256'
  const digest = `${algorithm}:${createHash(algorithm).update(body).digest('hex')}`
  if (isDigest(reference) && digest !== reference) throw new OciError('DIGEST_INVALID', { detail: reference })

  return digest
}

function unknownManifest(exchange: Exchange): OciError {
  const { reference } = exchange
  const name = filled(exchange, 'name').full
  const separator = isDigest(reference) ? '@' : ':'

  return new OciError('MANIFEST_UNKNOWN', {
    message: `artifact ${name}${separator}${reference} not found`,
    detail: reference,
  })
}
