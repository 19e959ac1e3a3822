import { listTagNames } from '../artifacts/tag-store.ts'
import { OciError } from '../oci/errors.ts'
import { type Exchange, filled } from './exchange.ts'
import { MAX_PAGE, nextLink, readPageSize } from './paging.ts'

/** GET /v2/<name>/tags/list ("Listing Tags"): byte order, pages by `n` and `last`. */
export async function getTags(exchange: Exchange): Promise<unknown> {
  const name = filled(exchange, 'name').full
  const repository = filled(exchange, 'repository')
  if (!repository.published) {
    throw new OciError('NAME_UNKNOWN', { message: `repository ${name} not found`, detail: { name } })
  }

  const wanted = readPageSize(exchange.query)
  if (wanted === 0) return exchange.reply.send({ name, tags: [] })

  const size = Math.min(wanted ?? MAX_PAGE, MAX_PAGE)
  const last = exchange.query.get('last') ?? ''
  const found = await listTagNames(exchange.deps.artifacts.db, repository.id, { last, limit: size + 1 })
  const tags = found.slice(0, size)
  if (found.length > size) {
    exchange.reply.header(
      'link',
      nextLink(`/v2/${name}/tags/list`, { last: tags.at(-1) ?? '', n: String(size) }),
    )
  }
  return exchange.reply.send({ name, tags })
}
