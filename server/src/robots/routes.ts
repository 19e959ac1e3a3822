import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/robots'
import type { Filter } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import { checkLevel } from './grants.ts'
import type { RobotField } from './list-store.ts'
import {
  changeRobot,
  createRobot,
  deleteRobot,
  findRobots,
  getRobot,
  type RobotsDeps,
  renewSecret,
} from './service.ts'
import { createdToWire, fromWirePermissions, toWire } from './wire.ts'

const FIELDS: Fields<RobotField> = {
  id: 'integer',
  name: 'string',
  description: 'string',
  disable: 'boolean',
  disabled: 'boolean',
  duration: 'integer',
  expires_at: 'integer',
  creator_type: 'string',
  creator_ref: 'integer',
  creation_time: 'time',
  update_time: 'time',
}
const ORDERS = Object.keys(FIELDS) as RobotField[]
/** These two say whose robots are listed, and are no columns. */
const PLACE = { level: 'string', project_id: 'integer' } as const

const ONE = '/robots/:robot_id'

/**
 * `/robots`: robots of the system and of projects. Which permission counts, and where, depends on the robot:
 * the service decides it.
 */
export function robotsRoutes(deps: RobotsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/robots',
      {
        schema: { querystring: Wire.RobotListQuery, response: { 200: Wire.RobotList } },
        config: { permission: 'authenticated' },
      },
      async (request, reply) => {
        const { query, principal } = request
        const { robots, total } = await findRobots(deps, principal, {
          ...readPlace(query.q),
          orders: parseSort(query.sort, ORDERS),
          page: toPage(query),
        })
        sendTotal(request, reply, query, total)
        const prefix = deps.namePrefix()
        return robots.map((robot) => toWire(robot, prefix))
      },
    )

    app.post(
      '/robots',
      {
        schema: { body: Wire.RobotCreate, response: { 201: Wire.RobotCreated } },
        config: { permission: 'authenticated' },
      },
      async (request, reply) => {
        const { body, principal } = request
        const robot = await createRobot(
          deps,
          principal,
          {
            name: body.name ?? '',
            level: checkLevel(body.level ?? ''),
            description: body.description ?? '',
            duration: body.duration ?? 0,
            disabled: body.disable ?? false,
            ...(body.secret ? { secret: body.secret } : {}),
            entries: fromWirePermissions(body.permissions),
          },
          actorOf(request),
        )
        reply.code(201).header('location', `${app.prefix}/robots/${robot.id}`)
        return createdToWire(robot)
      },
    )

    app.get(
      ONE,
      {
        schema: { params: Wire.RobotParams, response: { 200: Wire.Robot } },
        config: { permission: 'authenticated' },
      },
      async (request) => {
        const robot = await getRobot(deps, request.principal, request.params.robot_id)
        return toWire(robot, deps.namePrefix())
      },
    )

    app.put(
      ONE,
      {
        schema: { params: Wire.RobotParams, body: Wire.RobotUpdate },
        config: { permission: 'authenticated' },
      },
      async (request, reply) => {
        const { body, principal, params } = request
        const change = {
          loginName: body.name ?? '',
          level: body.level ?? '',
          description: body.description ?? '',
          disabled: body.disable ?? false,
          ...(body.duration === undefined || body.duration === null ? {} : { duration: body.duration }),
          entries: fromWirePermissions(body.permissions),
        }
        await changeRobot(deps, principal, params.robot_id, change, actorOf(request))
        return reply.send()
      },
    )

    app.patch(
      ONE,
      {
        schema: {
          params: Wire.RobotParams,
          body: Wire.RobotSec,
          response: { 200: Wire.RobotSecResponse },
        },
        config: { permission: 'authenticated' },
      },
      async (request) => {
        const { body, principal, params } = request
        const chosen = body.secret ? body.secret : undefined
        const secret = await renewSecret(deps, principal, params.robot_id, chosen, actorOf(request))
        return secret === undefined ? {} : { secret }
      },
    )

    app.delete(
      ONE,
      { schema: { params: Wire.RobotParams }, config: { permission: 'authenticated' } },
      async (request, reply) => {
        await deleteRobot(deps, request.principal, request.params.robot_id, actorOf(request))
        return reply.send()
      },
    )
  }
}

/** Reads `q=`: whose robots (those of the system where it does not say), and which of them. */
function readPlace(q: string | undefined): {
  projectId: number | undefined
  filters: Filter<RobotField>[]
} {
  const all = parseFilters(q, { ...FIELDS, ...PLACE })
  const level = onlyValue(all, 'level') ?? 'system'
  const projectId = onlyValue(all, 'project_id')
  const filters = all.filter((filter): filter is Filter<RobotField> => !(filter.field in PLACE))
  if (checkLevel(String(level)) === 'system') return { projectId: undefined, filters }
  if (typeof projectId !== 'number') {
    throw new DomainError('bad-request', 'must with project ID when to query project robots')
  }
  return { projectId, filters }
}

function onlyValue(filters: readonly Filter[], field: keyof typeof PLACE) {
  const found = filters.find((filter) => filter.field === field)
  if (found && found.op !== 'exact')
    throw new DomainError('bad-request', `"${field}" takes one value, as in ${field}=value`)
  return found?.value
}
