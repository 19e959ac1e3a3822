import type { Call } from '../../harness/http.ts'
import type { Operation, Parameter } from '../../harness/openapi.ts'
import { uniqueName } from '../../harness/project.ts'
import { bodyOf } from '../operations/retention-rows.ts'

/** The objects that calls are about: they exist, in this project. */
export interface Target {
  project: { id: number; name: string; public: boolean }
  label: number
  member: number
  /** A user who is none of the callers. */
  user: number
  robot: number
  /** The project's policy of retention. */
  retention: number
}

/** A call of the operation that gets as far as the question who may, and as a rule no further. */
export function requestFor(operation: Operation, target: Target): Call {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(pathValue(name, operation, target))),
  )
  const query = new URLSearchParams(QUERIES[operation.id]?.(target) ?? requiredQuery(operation)).toString()
  const body = BODIES[operation.id]?.(target) ?? {}
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(operation.method)

  return {
    method: operation.method,
    path: query === '' ? path : `${path}?${query}`,
    headers: hasBody ? { 'Content-Type': 'application/json' } : {},
    ...(hasBody ? { body: JSON.stringify(body) } : {}),
  }
}

function pathValue(
  name: string,
  operation: Operation,
  { project, label, member, user, robot, retention }: Target,
) {
  // What would take the fixture away aims beside it.
  const aimsBeside = ['deleteRepository', 'deleteArtifact', 'deleteTag', 'removeLabel'].includes(operation.id)
  switch (name) {
    case 'project_name_or_id':
      return project.id
    case 'project_name':
      return project.name
    case 'repository_name':
      return operation.id === 'deleteRepository' ? 'nosuch' : 'images'
    case 'reference':
      return operation.id === 'deleteArtifact' ? 'nosuch' : 'v1'
    case 'label_id':
      return aimsBeside ? 999_999 : label
    case 'mid':
      return member
    case 'user_id':
      return user
    case 'robot_id':
      return robot
    case 'id':
      return operation.path.includes('/retentions/') && operation.id !== 'deleteRetention'
        ? retention
        : 999_999
    case 'meta_name':
      return 'auto_scan'
    default:
      return isNumeric(operation.parameters.find((one) => one.name === name)) || /id$/.test(name)
        ? 999_999
        : 'nosuch'
  }
}

function requiredQuery({ parameters }: Operation): Record<string, string> {
  const required = parameters.filter((one) => one.in === 'query' && one.required)

  return Object.fromEntries(required.map((one) => [one.name, isNumeric(one) ? '1' : 'nosuch']))
}

function isNumeric(parameter: Parameter | undefined): boolean {
  return parameter?.schema.type === 'integer'
}

type OfTarget = (target: Target) => Record<string, string>

const QUERIES: Record<string, OfTarget> = {
  ListLabels: ({ project }) => ({ scope: 'p', project_id: String(project.id) }),
  ListRobot: ({ project }) => ({ q: `Level=project,ProjectID=${project.id}` }),
  headProject: ({ project }) => ({ project_name: project.name }),
}

const BODIES: Record<string, (target: Target) => object> = {
  CreateLabel: ({ project }) => ({ name: uniqueName('label'), scope: 'p', project_id: project.id }),
  CreateRobot: ({ project }) => ({
    name: uniqueName('robot'),
    level: 'project',
    duration: 1,
    permissions: [
      { kind: 'project', namespace: project.name, access: [{ resource: 'repository', action: 'pull' }] },
    ],
  }),
  createRetention: ({ project }) => bodyOf(project.id),
  updateRetention: ({ project }) => bodyOf(project.id),
  triggerRetentionExecution: () => ({ dry_run: true }),
  operateRetentionExecution: () => ({ action: 'stop' }),
  addProjectMetadatas: () => ({ auto_scan: 'false' }),
  updateProjectMetadata: () => ({ auto_scan: 'false' }),
}
