import { ensureRepository } from '../../repositories/service.ts'
import { type Exchange, filled } from '../exchange.ts'

/** A push makes the repository it goes to. Former names are good for pulls only: the push would not say where it went. */
export async function ensureTargetRepository(exchange: Exchange): Promise<void> {
  const name = filled(exchange, 'name')
  const project = filled(exchange, 'project')
  const { deps } = exchange
  exchange.repository =
    (await deps.findRepository({ projectId: project.id, name: name.repository })) ??
    (await ensureRepository(deps.repositories, project.id, name.repository))
}
