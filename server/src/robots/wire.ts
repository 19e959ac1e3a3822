import type * as Wire from '@portolan/api/robots'
import type { Entry } from './grants.ts'
import { FOREVER, type Grant, loginNameOf, type Robot } from './model.ts'
import type { CreatedRobot } from './service.ts'

const DAY_SECONDS = 24 * 60 * 60

/** A robot in Harbor's shape. */
export function toWire(robot: Robot, prefix: string): Wire.Robot {
  return {
    id: robot.id,
    name: loginNameOf(robot, prefix),
    ...(robot.description === '' ? {} : { description: robot.description }),
    level: robot.project ? 'project' : 'system',
    duration: robot.duration,
    editable: robot.editable,
    disable: robot.disabled,
    expires_at: epochOf(robot),
    ...(robot.grants.length === 0 ? {} : { permissions: robot.grants.map(permissionOf) }),
    creator_type: robot.creator.type,
    creator_ref: robot.creator.id,
    creation_time: robot.creationTime.toISOString(),
    update_time: robot.updateTime.toISOString(),
  }
}

/** The one answer that shows the secret. */
export function createdToWire(robot: CreatedRobot): Wire.RobotCreated {
  return {
    id: robot.id,
    name: robot.loginName,
    secret: robot.secret,
    creation_time: robot.creationTime.toISOString(),
    expires_at: epochOf(robot),
  }
}

/** The permissions of a request, with what a client left out or null as empty. */
export function fromWirePermissions(permissions: Wire.RobotPermissionIn[] | null | undefined): Entry[] {
  return (permissions ?? []).map(({ kind, namespace, access }) => ({
    kind: kind ?? '',
    namespace: namespace ?? '',
    access: (access ?? []).map((one) => ({
      resource: one.resource ?? '',
      action: one.action ?? '',
      ...(one.effect ? { effect: one.effect } : {}),
    })),
  }))
}

/** Further than any calendar of ours goes, the duration still says when. */
function epochOf({
  expiryTime,
  duration,
  creationTime,
}: Pick<Robot, 'duration' | 'creationTime' | 'expiryTime'>): number {
  if (expiryTime) return Math.floor(expiryTime.getTime() / 1000)
  if (duration === FOREVER) return FOREVER
  return Math.floor(creationTime.getTime() / 1000) + duration * DAY_SECONDS
}

function permissionOf(grant: Grant) {
  if (grant.kind === 'system') return { kind: grant.kind, namespace: '/', access: grant.access }
  return { kind: grant.kind, namespace: grant.project?.name ?? '*', access: grant.access }
}
