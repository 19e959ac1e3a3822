import { OciError } from '../../oci/errors.ts'
import { parseRepositoryName } from '../../oci/reference.ts'
import type { Exchange } from '../exchange.ts'

/** The repository's name must follow the specification and begin with a project. */
export function checkName(exchange: Exchange): void {
  const name = parseRepositoryName(exchange.rawName)
  if (!name) {
    throw new OciError('NAME_INVALID', {
      message: 'invalid repository name: it must be <project>/<repository> in lower case',
      detail: { name: exchange.rawName },
    })
  }

  exchange.name = name
}
