import { DomainError } from '../platform/errors.ts'

/** A mark for artifacts: global, or of one project. */
export interface Label extends LabelText {
  id: number
  /** Undefined: a global label. */
  projectId: number | undefined
  creationTime: Date
  updateTime: Date
}

/** What may change of a label. */
export interface LabelText {
  name: string
  description: string
  color: string
}

const MAX_NAME = 128
const MAX_COLOR = 16

/** Throws bad-request for a name that is empty or too long, and for a colour that is too long. */
export function checkLabel({ name, color }: LabelText): void {
  if (name.trim() === '' || name.length > MAX_NAME) {
    throw new DomainError('bad-request', `a label name has 1 to ${MAX_NAME} characters`)
  }
  if (color.length > MAX_COLOR) {
    throw new DomainError('bad-request', `a label color has at most ${MAX_COLOR} characters`)
  }
}

/** The project that `scope` and `projectId` of a new label name; undefined for a global one. Throws bad-request. */
export function projectOfScope(scope: string | undefined, projectId: number | undefined): number | undefined {
  if (scope === 'g') return undefined
  if (scope !== 'p') throw new DomainError('bad-request', 'unsupported label scope')
  if (!projectId || projectId < 0) {
    throw new DomainError('bad-request', 'a label of a project needs the id of the project')
  }
  return projectId
}
