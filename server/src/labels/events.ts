import type { Actor } from '../access/model.ts'

interface LabelEvent {
  labelId: number
  name: string
  /** Absent for global labels. */
  projectId: number | undefined
  projectName: string | undefined
  actor: Actor
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** A label was made. */
    'label.created': LabelEvent
    /** Name, description or colour of a label were set. */
    'label.updated': LabelEvent
    /** A label is gone, and off everything that bore it. */
    'label.deleted': LabelEvent
  }
}
