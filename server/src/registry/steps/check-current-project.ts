import { OciError } from '../../oci/errors.ts'
import { type Exchange, filled } from '../exchange.ts'

/** Former names of projects are good for pulls only: whoever changes something must know where he does it. */
export function checkCurrentProject(exchange: Exchange): void {
  const name = filled(exchange, 'name')
  const project = filled(exchange, 'project')
  if (project.name === name.project) return

  throw new OciError('DENIED', {
    message: `project ${name.project} is called ${project.name} now, and its former name is good for pulls only`,
  })
}
