import { decide } from '../access/decide.ts'
import { type Viewer, viewerOf } from '../projects/viewer.ts'
import { listCatalog } from '../repositories/store.ts'
import { refuse } from './challenge.ts'
import { type Caller, type Exchange, filled } from './exchange.ts'
import { MAX_PAGE, nextLink, readPageSize } from './paging.ts'

/** GET /v2/_catalog: the repositories that the caller may see, pages by `n` and `last`. */
export async function getCatalog(exchange: Exchange): Promise<unknown> {
  const viewer = viewerOfCaller(filled(exchange, 'caller'))
  const wanted = readPageSize(exchange.query)
  if (wanted === 0) return exchange.reply.send({ repositories: [] })

  const size = Math.min(wanted ?? MAX_PAGE, MAX_PAGE)
  const last = exchange.query.get('last') ?? ''
  const found = await listCatalog(exchange.deps.repositories.db, viewer, { last, limit: size + 1 })
  const repositories = found.slice(0, size)
  if (found.length > size) {
    exchange.reply.header(
      'link',
      nextLink('/v2/_catalog', { last: repositories.at(-1) ?? '', n: String(size) }),
    )
  }
  return exchange.reply.send({ repositories })
}

function viewerOfCaller(caller: Caller): Viewer {
  const covered = caller.token?.access.some(
    (entry) => entry.type === 'registry' && entry.name === 'catalog' && entry.actions.includes('*'),
  )
  if (!decide(caller.principal, 'catalog:read') || covered === false) {
    throw refuse('unauthorized to list catalog')
  }

  return viewerOf(caller.principal)
}
