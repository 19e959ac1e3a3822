import { OciError } from '../../oci/errors.ts'
import { type Exchange, filled } from '../exchange.ts'
import { followAlias } from '../follow-alias.ts'

/** The repository must exist; one that only holds blobs so far exists for whoever pushes to it. */
export async function findExistingRepository(exchange: Exchange): Promise<void> {
  const name = filled(exchange, 'name')
  const project = filled(exchange, 'project')
  const repository = await exchange.deps.findRepository({ projectId: project.id, name: name.repository })
  if (repository) {
    exchange.repository = repository
    return
  }
  // Former names are good for reading; what changes something must name the repository as it is called now.
  if (exchange.endpoint === 'tags' && (await followAlias(exchange))) return

  throw new OciError('NAME_UNKNOWN', {
    message: `repository ${name.full} not found`,
    detail: { name: name.full },
  })
}
