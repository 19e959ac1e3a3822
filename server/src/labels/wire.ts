import type * as Wire from '@portolan/api/labels'
import type { Label, LabelText } from './model.ts'

/** A label in Harbor's shape. */
export function toWire(label: Label): Wire.Label {
  return {
    id: label.id,
    name: label.name,
    ...(label.description ? { description: label.description } : {}),
    ...(label.color ? { color: label.color } : {}),
    scope: label.projectId === undefined ? 'g' : 'p',
    ...(label.projectId === undefined ? {} : { project_id: label.projectId }),
    creation_time: label.creationTime.toISOString(),
    update_time: label.updateTime.toISOString(),
  }
}

/** The texts of a request; what it leaves out is empty. */
export function textOf({ name = '', description = '', color = '' }: Wire.LabelReq): LabelText {
  return { name, description, color }
}
