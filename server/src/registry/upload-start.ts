import { decide } from '../access/decide.ts'
import { ANONYMOUS } from '../access/model.ts'
import { findMountSources, mountBlob } from '../blobs/service.ts'
import { startUpload, uploadWhole } from '../blobs/uploads.ts'
import { type Algorithm, algorithmOf, isAlgorithm, isDigest, looksLikeDigest } from '../oci/digest.ts'
import { OciError } from '../oci/errors.ts'
import { parseRepositoryName } from '../oci/reference.ts'
import { findRepository, findRepositoryNames } from '../repositories/store.ts'
import { ACTIONS } from './actions.ts'
import { type Exchange, filled } from './exchange.ts'
import { mayAct } from './permit.ts'
import { createdBlob, describeUpload } from './upload-answers.ts'
import { bodyWithinQuota, checkNotOver } from './within-quota.ts'

/**
 * POST /v2/<name>/blobs/uploads/: a mount, a whole blob in one request, or the beginning of a session
 * ("Mounting a blob", "Single POST", "POST then PUT"). A mount that cannot be is a session.
 */
export async function startUploadSession(exchange: Exchange): Promise<unknown> {
  const { query, deps } = exchange
  const repository = filled(exchange, 'repository')
  const mount = query.get('mount')
  if (mount !== null && (await tryMount(exchange, mount))) return createdBlob(exchange, mount)

  const digest = query.get('digest')
  if (digest !== null && !isDigest(digest)) throw new OciError('DIGEST_INVALID', { detail: digest })
  if (digest !== null && (hasBody(exchange) || isEmptyBlob(digest))) {
    const body = await bodyWithinQuota(exchange, 0, digest)
    await uploadWhole(deps.uploads, repository, body, digest)
    return createdBlob(exchange, digest)
  }

  await checkNotOver(exchange)
  const upload = await startUpload(deps.uploads, repository.id, readAlgorithm(query, digest))
  return describeUpload(exchange, upload).code(202).send()
}

async function tryMount(exchange: Exchange, digest: string): Promise<boolean> {
  if (!looksLikeDigest(digest)) throw new OciError('DIGEST_INVALID', { detail: digest })
  if (!isDigest(digest)) return false

  const { uploads } = exchange.deps
  const target = filled(exchange, 'repository')
  for (const source of await readableSources(exchange, digest)) {
    if (await mountBlob(uploads, target, digest, source)) return true
  }
  return false
}

/** Ids of the repositories that the caller may pull from: the one named, else those that offer the blob. */
async function readableSources(exchange: Exchange, digest: string): Promise<number[]> {
  const { deps, query } = exchange
  const from = query.get('from')
  if (from !== null) return readableRepository(exchange, from)

  const offering = await findMountSources(deps.uploads, digest)
  const names = await findRepositoryNames(deps.repositories.db, offering)
  const readable = await Promise.all(names.map((name) => readableRepository(exchange, name)))
  return readable.flat()
}

async function readableRepository(exchange: Exchange, fullName: string): Promise<number[]> {
  const { deps } = exchange
  const caller = filled(exchange, 'caller')
  const name = parseRepositoryName(fullName)
  const project = name && (await deps.findProject(caller.principal, name.project))
  if (!name || !project) return []
  // A token for the target alone keeps its holder from what he could read with another; not from what
  // everybody can read.
  const open = decide(ANONYMOUS, ACTIONS['blob-get'].permission, { ...project, roles: [] })
  if (!open && !mayAct(caller, ACTIONS['blob-get'], project, name)) return []

  const repository = await findRepository(deps.repositories.db, project.id, name.repository)
  return repository ? [repository.id] : []
}

function readAlgorithm(query: URLSearchParams, digest: string | null): Algorithm {
  const wanted = query.get('digest-algorithm')
  if (wanted === null) return digest === null ? 'sha256' : algorithmOf(digest)
  if (!isAlgorithm(wanted)) {
    throw new OciError('DIGEST_INVALID', { message: 'unsupported digest algorithm', detail: wanted })
  }

  return wanted
}

function hasBody(exchange: Exchange): boolean {
  const { headers } = exchange.request

  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

const EMPTY_BLOBS = new Set([
  'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
])

function isEmptyBlob(digest: string): boolean {
  return EMPTY_BLOBS.has(digest)
}
