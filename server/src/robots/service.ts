import { admitToProject } from '../access/admission.ts'
import type { Actor, Principal } from '../access/model.ts'
import { contextsOf } from '../members/contexts.ts'
import { findProjectContext } from '../members/service.ts'
import type { Database } from '../platform/db/database.ts'
import type { Filter, Order, Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import type { Passwords } from '../users/passwords.ts'
import type { RobotEventType } from './events.ts'
import { type Entry, type Level, readEntries } from './grants.ts'
import { countRobots, listRobots, type RobotField } from './list-store.ts'
import { checkDescription, checkDuration, checkName, expiryOf, loginNameOf, type Robot } from './model.ts'
import { requireForRobot, requireInSystem, requireToHold } from './permits.ts'
import { projectNames, resolveGrants } from './resolve-grants.ts'
import { checkSecret, hashGenerated, newSecret } from './secrets.ts'
import * as store from './store.ts'

export interface RobotsDeps {
  db: Database
  passwords: Passwords
  /** What login names of robots begin with at this moment. From `settings`. */
  namePrefix(): string
  /** Days that a robot lives where nobody says how many, -1 for ever. From `settings`. */
  defaultDays(): number
  /** Told after the commit, so that this process forgets at once what it remembers of the robot. */
  onRobotChanged(id: number): void
}

export interface NewRobot {
  name: string
  level: Level
  description: string
  duration: number
  /** Instead of what follows from the duration. */
  expiryTime?: Date
  disabled: boolean
  /** Chosen by the caller; absent: one is generated. */
  secret?: string
  entries: readonly Entry[]
}

export interface CreatedRobot {
  id: number
  loginName: string
  /** Never told again. */
  secret: string
  creationTime: Date
  expiryTime?: Date
  duration: number
}

/**
 * Creates a robot. Throws bad-request for what the rules refuse, forbidden where the caller may create none
 * there, denied where it would get more than he has to give, not-found for a project that is none, conflict
 * for a name taken.
 */
export async function createRobot(
  deps: RobotsDeps,
  principal: Principal,
  input: NewRobot,
  actor: Actor,
): Promise<CreatedRobot> {
  checkName(input.name)
  checkDuration(input.duration)
  checkDescription(input.description)
  const wanted = readEntries(input.level, input.entries)
  const contexts = await contextsOf(deps.db, principal, projectNames(wanted))
  const namespace = wanted[0]?.namespace ?? ''
  if (input.level === 'system') requireInSystem(principal, 'create')
  const home =
    input.level === 'system'
      ? undefined
      : admitToProject(principal, ['robot:create'], contexts.get(namespace), namespace)
  const grants = resolveGrants(wanted, contexts)
  requireToHold(principal, grants, contexts)
  const { secret, hash } = await makeSecret(deps, input.secret)

  const creationTime = new Date()
  const expiryTime = input.expiryTime ?? expiryOf(creationTime, input.duration)
  const loginName = loginNameOf({ name: input.name, ...(home && { project: home }) }, deps.namePrefix())
  const id = await deps.db.transaction().execute(async (tx) => {
    const robotId = await store.insertRobot(tx, {
      ...input,
      projectId: home?.id,
      expiryTime,
      secretHash: hash,
      creator: { type: actor.robot ? 'robot' : 'local', id: actor.id },
      creationTime,
    })
    if (robotId === undefined) throw new DomainError('conflict', `robot account ${loginName} already exists`)
    await store.replaceGrants(tx, robotId, grants)
    const payload = { ...placeOf({ project: home }), robotId, name: loginName, actor }
    await emit(tx, { type: 'robot.created', payload })
    return robotId
  })
  return {
    id,
    loginName,
    secret,
    creationTime,
    ...(expiryTime ? { expiryTime } : {}),
    duration: input.duration,
  }
}

/** The robot of that id. Throws not-found, and forbidden where the caller may not read it. */
export async function getRobot(deps: RobotsDeps, principal: Principal, id: number): Promise<Robot> {
  const { robot } = await findStored(deps.db, id)
  await requireForRobot(deps.db, principal, 'read', robot)
  return robot
}

export interface RobotListRequest {
  /** The project whose robots are listed; undefined: those of the system. */
  projectId: number | undefined
  filters: readonly Filter<RobotField>[]
  orders: readonly Order<RobotField>[]
  page: Page
}

/** One page of robots, by name where no order is given, and how many there are. */
export async function findRobots(
  deps: RobotsDeps,
  principal: Principal,
  { projectId, filters, orders, page }: RobotListRequest,
): Promise<{ robots: Robot[]; total: number }> {
  if (projectId === undefined) requireInSystem(principal, 'list')
  else {
    const project = await findProjectContext(deps, principal, String(projectId), false)
    admitToProject(principal, ['robot:list'], project, String(projectId))
  }
  const order = orders.length > 0 ? orders : [{ field: 'name', descending: false } as const]
  const [robots, total] = await Promise.all([
    listRobots(deps.db, projectId, filters, order, page),
    countRobots(deps.db, projectId, filters),
  ])
  return { robots, total }
}

/** What a change carries: all of it, as Harbor's PUT does. */
export interface RobotChange {
  loginName: string
  level: string
  description: string
  disabled: boolean
  /** Absent: stays. */
  duration?: number
  entries: readonly Entry[]
}

/**
 * Changes description, state, duration (counted from the creation, then as now) and permissions. Throws
 * bad-request for another name, level or project, denied for robots of old.
 */
export async function changeRobot(
  deps: RobotsDeps,
  principal: Principal,
  id: number,
  change: RobotChange,
  actor: Actor,
): Promise<void> {
  const { robot: before } = await findStored(deps.db, id)
  await requireForRobot(deps.db, principal, 'update', before)
  requireEditable(before)
  const level = before.project ? 'project' : 'system'
  const loginName = loginNameOf(before, deps.namePrefix())
  if (change.level !== level || change.loginName !== loginName) {
    throw new DomainError('bad-request', 'cannot update the level or name of robot')
  }
  checkDuration(change.duration ?? before.duration)
  checkDescription(change.description)
  const wanted = readEntries(level, change.entries)
  const contexts = await contextsOf(deps.db, principal, projectNames(wanted))
  if (before.project && contexts.get(wanted[0]?.namespace ?? '')?.id !== before.project.id) {
    throw new DomainError('bad-request', 'cannot update the project id of robot')
  }
  const grants = resolveGrants(wanted, contexts)
  requireToHold(principal, grants, contexts)

  await rewrite(deps, id, actor, async (tx, robot) => {
    const duration = change.duration ?? robot.duration
    const expiryTime = duration === robot.duration ? robot.expiryTime : expiryOf(robot.creationTime, duration)
    const { description, disabled } = change
    await store.updateRobot(tx, { id, description, disabled, duration, ...(expiryTime && { expiryTime }) })
    await store.replaceGrants(tx, id, grants)
  })
}

/** Changes description and state only, as Harbor's older interface does. Throws denied for robots of old. */
export async function describeRobot(
  deps: RobotsDeps,
  principal: Principal,
  id: number,
  change: { description: string; disabled: boolean },
  actor: Actor,
): Promise<void> {
  const { robot: before } = await findStored(deps.db, id)
  await requireForRobot(deps.db, principal, 'update', before)
  requireEditable(before)
  checkDescription(change.description)
  await rewrite(deps, id, actor, (tx, robot) => store.updateRobot(tx, { ...robot, ...change }))
}

/**
 * Gives the robot a new secret, the given one or a generated one, and answers the generated one. What was
 * issued for the old one is void. Only who could give the robot all that it may, may take it over so.
 */
export async function renewSecret(
  deps: RobotsDeps,
  principal: Principal,
  id: number,
  chosen: string | undefined,
  actor: Actor,
): Promise<string | undefined> {
  const { robot } = await findStored(deps.db, id)
  await requireForRobot(deps.db, principal, 'update', robot)
  requireEditable(robot)
  await requireToHoldAll(deps.db, principal, robot)
  const { secret, hash } = await makeSecret(deps, chosen)
  const renew = async (tx: Database, present: Robot) => {
    // It may have been given more meanwhile.
    await requireToHoldAll(tx, principal, present)
    await store.updateSecret(tx, id, hash)
  }
  await rewrite(deps, id, actor, renew, 'robot.secret_renewed')
  return chosen === undefined ? secret : undefined
}

/** Deletes a robot for good. Throws not-found. */
export async function deleteRobot(
  deps: RobotsDeps,
  principal: Principal,
  id: number,
  actor: Actor,
): Promise<void> {
  const { robot } = await findStored(deps.db, id)
  await requireForRobot(deps.db, principal, 'delete', robot)
  await rewrite(deps, id, actor, (tx) => store.deleteRobot(tx, id), 'robot.deleted')
}

/** Changes a robot that is still there, as it is by then and with nobody else at it, tells so, and forgets it. */
async function rewrite(
  deps: RobotsDeps,
  id: number,
  actor: Actor,
  change: (tx: Database, robot: Robot) => Promise<void>,
  type: RobotEventType = 'robot.updated',
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    if (!(await store.lockRobot(tx, id))) throw missing(id)
    const { robot } = await findStored(tx, id)
    await change(tx, robot)
    const name = loginNameOf(robot, deps.namePrefix())
    await emit(tx, { type, payload: { ...placeOf(robot), robotId: id, name, actor } })
  })
  deps.onRobotChanged(id)
}

/** Throws denied where the robot may more than the caller has to give. */
async function requireToHoldAll(db: Database, principal: Principal, { grants }: Robot): Promise<void> {
  const names = grants.flatMap((grant) =>
    grant.kind === 'project' && grant.project ? [grant.project.name] : [],
  )
  requireToHold(principal, grants, await contextsOf(db, principal, names))
}

async function findStored(db: Database, id: number): Promise<store.StoredRobot> {
  const [stored] = await store.findByIds(db, [id])
  if (!stored) throw missing(id)
  return stored
}

function placeOf({ project }: { project?: Robot['project'] | undefined }): {
  projectId?: number
  projectName?: string
} {
  return project ? { projectId: project.id, projectName: project.name } : {}
}

async function makeSecret(
  deps: RobotsDeps,
  chosen: string | undefined,
): Promise<{ secret: string; hash: string }> {
  if (chosen !== undefined) {
    checkSecret(chosen)
    // A person chose it: it is a password.
    return { secret: chosen, hash: await deps.passwords.hash(chosen) }
  }
  const secret = newSecret()
  return { secret, hash: hashGenerated(secret) }
}

function requireEditable({ editable }: Robot): void {
  if (!editable) throw new DomainError('denied', 'editing of legacy robot is not allowed')
}

function missing(id: number): DomainError {
  return new DomainError('not-found', `robot ${id} not found`)
}
