import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ProjectParams } from '@portolan/api/projects'
import * as Wire from '@portolan/api/robots'
import type { Principal } from '../../access/model.ts'
import { DomainError } from '../../platform/errors.ts'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { actorOf } from '../../platform/http/principal.ts'
import { FOREVER, type Robot } from '../model.ts'
import { createRobot, deleteRobot, describeRobot, findRobots, getRobot, type RobotsDeps } from '../service.ts'
import { createdToWire, fromWirePermissions, toWire } from '../wire.ts'

const ALL = '/projects/:project_name_or_id/robots'
const ONE = `${ALL}/:robot_id`

const DAY = 24 * 60 * 60_000

/** `/projects/{project_name_or_id}/robots`: Harbor's older interface, which scripts of old still call. */
export function projectRobotsRoutes(deps: RobotsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      ALL,
      {
        schema: {
          operationId: 'listRobotsOfProject',
          params: ProjectParams,
          querystring: Wire.ProjectRobotsQuery,
          response: { 200: Wire.RobotList },
        },
        config: { permission: { project: 'robot:list' } },
      },
      async (request, reply) => {
        const { query, principal, project } = request
        const list = { projectId: project.id, filters: [], orders: [], page: toPage(query) }
        const { robots, total } = await findRobots(deps, principal, list)
        sendTotal(request, reply, query, total)
        const prefix = deps.namePrefix()
        return robots.map((robot) => toWire(robot, prefix))
      },
    )

    app.post(
      ALL,
      {
        schema: {
          operationId: 'createRobotOfProject',
          params: ProjectParams,
          body: Wire.RobotCreateV1,
          response: { 201: Wire.RobotCreated },
        },
        config: { permission: { project: 'robot:create' } },
      },
      async (request, reply) => {
        const { body, principal, project } = request
        const entry = { kind: 'project', namespace: project.name, access: (body.access ?? []).map(relative) }
        const robot = await createRobot(
          deps,
          principal,
          {
            name: body.name ?? '',
            level: 'project',
            description: body.description ?? '',
            ...lifetime(deps, body.expires_at ?? 0),
            disabled: false,
            entries: fromWirePermissions([entry]),
          },
          actorOf(request),
        )
        reply.code(201).header('location', `${app.prefix}/projects/${project.id}/robots/${robot.id}`)
        return createdToWire(robot)
      },
    )

    app.get(
      ONE,
      {
        schema: {
          operationId: 'getRobotOfProject',
          params: Wire.ProjectRobotParams,
          response: { 200: Wire.Robot },
        },
        config: { permission: { project: 'robot:read' } },
      },
      async (request) => {
        const robot = await findOwn(deps, request.principal, request.project.id, request.params.robot_id)
        return toWire(robot, deps.namePrefix())
      },
    )

    app.put(
      ONE,
      {
        schema: {
          operationId: 'updateRobotOfProject',
          params: Wire.ProjectRobotParams,
          body: Wire.RobotUpdateV1,
        },
        config: { permission: { project: 'robot:update' } },
      },
      async (request, reply) => {
        const { body, principal, project, params } = request
        const { description } = await findOwn(deps, principal, project.id, params.robot_id)
        const change = { description: body.description ?? description, disabled: body.disable ?? false }
        await describeRobot(deps, principal, params.robot_id, change, actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      {
        schema: { operationId: 'deleteRobotOfProject', params: Wire.ProjectRobotParams },
        config: { permission: { project: 'robot:delete' } },
      },
      async (request, reply) => {
        const { principal, project, params } = request
        await findOwn(deps, principal, project.id, params.robot_id)
        await deleteRobot(deps, principal, params.robot_id, actorOf(request))
        return reply.send()
      },
    )
  }
}

/** Throws not-found also for a robot of another project, or of the system. */
async function findOwn(
  deps: RobotsDeps,
  principal: Principal,
  projectId: number,
  id: number,
): Promise<Robot> {
  const missing = new DomainError('not-found', `robot ${id} not found`)
  const robot = await getRobot(deps, principal, id).catch((error: unknown) => {
    throw error instanceof DomainError ? missing : error
  })
  if (robot.project?.id !== projectId) throw missing
  return robot
}

/** The older interface names a date and no duration. */
function lifetime(deps: RobotsDeps, expiresAt: number): { duration: number; expiryTime?: Date } {
  if (expiresAt === 0) return { duration: deps.defaultDays() }
  if (expiresAt === FOREVER) return { duration: FOREVER }
  const expiryTime = new Date(expiresAt * 1000)
  const duration = Math.ceil((expiryTime.getTime() - Date.now()) / DAY)
  if (!(duration >= 1)) throw new DomainError('bad-request', 'expires_at must be in the future, or -1')
  return { duration, expiryTime }
}

/** `/project/1/repository` is `repository`, seen from inside. */
function relative<A extends { resource?: string | null }>(access: A): A {
  return { ...access, resource: (access.resource ?? '').replace(/^\/project\/\d+\//, '') }
}
