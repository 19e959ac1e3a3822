import { ensureRepository } from '../../repositories/service.ts'
import { type Exchange, filled } from '../exchange.ts'

/** A push makes the repository it goes to. */
export async function ensureTargetRepository(exchange: Exchange): Promise<void> {
  const name = filled(exchange, 'name')
  const project = filled(exchange, 'project')

  exchange.repository = await ensureRepository(exchange.deps.repositories, project.id, name.repository)
}
