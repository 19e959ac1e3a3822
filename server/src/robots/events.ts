import type { Actor } from '../access/model.ts'

interface RobotEvent {
  /** Absent for robots of the system. */
  projectId?: number
  projectName?: string
  robotId: number
  /** The name that it logs in with. */
  name: string
  actor: Actor
}

/** What happens to a robot that is there. */
export type RobotEventType = 'robot.updated' | 'robot.secret_renewed' | 'robot.deleted'

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** A robot account was made. */
    'robot.created': RobotEvent
    /** Permissions, description or end of a robot were set, or it was switched on or off. */
    'robot.updated': RobotEvent
    /** A robot has another secret. */
    'robot.secret_renewed': RobotEvent
    /** A robot is gone for good. */
    'robot.deleted': RobotEvent
  }
}
