import { expect } from 'vitest'
import { openRegistry } from '../../harness/registry.ts'
import {
  type Account,
  ask,
  create,
  makeMember,
  makeUser,
  type ProjectFixture,
  type RoleName,
  type World,
} from '../operations/world.ts'
import {
  basicCaller,
  type Caller,
  makeRobot,
  makeToken,
  type Standing,
  sessionCaller,
  tokenCaller,
} from './caller.ts'

const ROLE_NAMES: RoleName[] = ['limitedGuest', 'guest', 'developer', 'maintainer', 'projectAdmin']
/** In the catalogue of what robots may be given, system and project. */
const ROBOT_SYSTEM = ['user:list', 'quota:list', 'label:read', 'registry:list']
const ROBOT_PROJECT = ['repository:pull', 'repository:push', 'artifact:list', 'member:list', 'label:create']

/**
 * Everybody who calls, in each way that fits him. The people are members of all the projects in the role of their name.
 * `expire` makes the time of a robot run out.
 */
export async function makeCallers(
  world: World,
  projects: readonly ProjectFixture[],
  expire: (robotId: number) => Promise<void>,
): Promise<Caller[]> {
  const { admin, url } = world
  const sysadmin = await makeUser(admin)
  expect(
    (await ask(admin, 'PUT', `/api/v2.0/users/${sysadmin.id}/sysadmin`, { sysadmin_flag: true })).status,
  ).toBe(200)
  const gone = await makeUser(admin)
  for (const project of projects) await makeMember(admin, project, gone, 'projectAdmin')
  const wasThere = await sessionCaller(url, 'deleted user with a live session', { kind: 'anonymous' }, gone)

  const callers = [
    basicCaller(url, 'anonymous', { kind: 'anonymous' }),
    basicCaller(url, 'stranger', { kind: 'user' }, world.people.stranger),
    ...ROLE_NAMES.map((role) => basicCaller(url, role, { kind: 'user', role }, world.people[role])),
    basicCaller(url, 'system administrator', { kind: 'user', sysadmin: true }, sysadmin),
    await sessionCaller(
      url,
      'developer with a session',
      { kind: 'user', role: 'developer' },
      world.people.developer,
    ),
    await sessionCaller(url, 'administrator with a session', { kind: 'user', sysadmin: true }, sysadmin),
    await tokenCaller(url, 'project admin with a registry token', world.people.projectAdmin),
    wasThere,
    basicCaller(url, 'deleted user', { kind: 'anonymous' }, gone),
    basicCaller(
      url,
      'project admin with a wrong password',
      { kind: 'anonymous' },
      {
        ...(await wronged(world, projects)),
      },
    ),
    ...(await tokens(world, sysadmin)),
    ...(await robots(world, projects, expire)),
    ...(await customRoles(world, projects)),
  ]
  expect((await admin.delete(`/api/v2.0/users/${gone.id}`)).status).toBe(200)

  return callers
}

/** What the token of an administrator leaves him. */
const TOKEN_WORDS = {
  system: ['user:list', 'label:create', 'registry:list'],
  project: ['project:read', 'artifact:list', 'member:list', 'label:read', 'tag-retention:list'],
}

async function tokens({ url, people, as }: World, sysadmin: Account): Promise<Caller[]> {
  const administrator = openRegistry(url, sysadmin)
  const all = await makeToken(as('projectAdmin'), { name: 'all', preset: 'full' })
  const few = await makeToken(administrator, {
    name: 'few',
    preset: 'custom',
    system_permissions: TOKEN_WORDS.system.map(toAccess),
    project_permissions: TOKEN_WORDS.project.map(toAccess),
  })
  const revoked = await makeToken(administrator, { name: 'revoked', preset: 'full' })
  const gone = await administrator.delete(`/api/v2.0/users/current/tokens/${revoked.id}`)
  expect(gone.status).toBe(200)
  const caller = (name: string, standing: Standing, { username }: Account, token: string) =>
    basicCaller(url, name, standing, { username, password: token })

  return [
    caller(
      'project admin with a full access token',
      { kind: 'user', role: 'projectAdmin', token: 'all' },
      people.projectAdmin,
      all.token,
    ),
    caller(
      'administrator with an access token for little',
      { kind: 'user', sysadmin: true, token: TOKEN_WORDS },
      sysadmin,
      few.token,
    ),
    caller('administrator with a revoked access token', { kind: 'anonymous' }, sysadmin, revoked.token),
  ]
}

async function wronged(world: World, projects: readonly ProjectFixture[]): Promise<Account> {
  const user = await makeUser(world.admin)
  for (const project of projects) await makeMember(world.admin, project, user, 'projectAdmin')

  return { ...user, password: 'not-his-Passw0rd' }
}

/** What the custom roles of the matrix allow. */
const ROLE_WORDS = {
  system: ['user:list', 'quota:list', 'garbage-collection:list'],
  project: ['artifact:list', 'member:list', 'tag-retention:read'],
}

/** Who deletes restores nothing, unless he makes artifacts and tags as well. */
const DELETES = ['artifact:delete', 'tag:delete', 'repository:delete']
const MAKES = ['artifact:create', 'tag:create', 'repository:push', 'repository:create']

async function customRoles(world: World, projects: readonly ProjectFixture[]): Promise<Caller[]> {
  const { admin, url } = world
  const words = { system: ROLE_WORDS.system.map(toAccess), project: ROLE_WORDS.project.map(toAccess) }
  const inSystem = await create(admin, '/api/v2.0/roles', {
    name: 'matrix-system',
    level: 'system',
    permissions: words,
  })
  const operator = await makeUser(admin)
  const bound = { entity_type: 'u', entity_id: operator.id }
  expect((await ask(admin, 'POST', `/api/v2.0/roles/${inSystem}/bindings`, bound)).status).toBe(201)

  const inProjects = async (name: string, custom: readonly string[]) => {
    const role = await create(admin, '/api/v2.0/roles', {
      name: name.replaceAll(' ', '-'),
      level: 'project',
      permissions: { project: custom.map(toAccess) },
    })
    const member = await makeUser(admin)
    for (const { id } of projects) {
      await create(admin, `/api/v2.0/projects/${id}/members`, {
        role_id: role,
        member_user: { username: member.username },
      })
    }
    return basicCaller(url, name, { kind: 'user', custom }, member)
  }

  return [
    basicCaller(url, 'custom role of the system', { kind: 'user', grants: ROLE_WORDS }, operator),
    await inProjects('custom role of a project', [...ROLE_WORDS.project, ...DELETES]),
    await inProjects('custom role that deletes and makes', [...DELETES, ...MAKES]),
  ]
}

async function robots(
  { admin, url }: World,
  projects: readonly ProjectFixture[],
  expire: (robotId: number) => Promise<void>,
): Promise<Caller[]> {
  const ofProject = (name: string, words: readonly string[]) => ({
    kind: 'project',
    namespace: name,
    access: words.map(toAccess),
  })
  const system = await makeRobot(admin, {
    name: 'matrix-system',
    level: 'system',
    duration: -1,
    permissions: [
      { kind: 'system', namespace: '/', access: ROBOT_SYSTEM.map(toAccess) },
      ofProject('*', ROBOT_PROJECT),
    ],
  })
  const disabled = await makeRobot(admin, {
    name: 'matrix-disabled',
    level: 'system',
    duration: -1,
    permissions: [ofProject('*', ROBOT_PROJECT)],
  })
  const robot = await admin.get(`/api/v2.0/robots/${disabled.id}`)
  const body = { ...JSON.parse(robot.body.toString('utf8')), disable: true }
  expect((await ask(admin, 'PUT', `/api/v2.0/robots/${disabled.id}`, body)).status).toBe(200)
  const expired = await makeRobot(admin, {
    name: 'matrix-expired',
    level: 'system',
    duration: 1,
    permissions: [ofProject('*', ROBOT_PROJECT)],
  })
  await expire(expired.id)
  const everywhere = {
    kind: 'robot',
    system: ROBOT_SYSTEM,
    project: ROBOT_PROJECT,
    everywhere: true,
  } as const

  const ofProjects = await Promise.all(
    projects.map(async (project) => {
      const made = await makeRobot(admin, {
        name: 'matrix-project',
        level: 'project',
        duration: -1,
        permissions: [ofProject(project.name, ROBOT_PROJECT)],
      })
      // Its standing is that in its own project, and it is asked about no other.
      const standing = { kind: 'robot', system: [], project: ROBOT_PROJECT } as const
      return { ...basicCaller(url, `robot of ${project.name}`, standing, made), only: project.id }
    }),
  )

  return [
    basicCaller(url, 'system robot', everywhere, system),
    basicCaller(url, 'disabled robot', { kind: 'anonymous' }, disabled),
    basicCaller(url, 'expired robot', { kind: 'anonymous' }, expired),
    ...ofProjects,
  ]
}

function toAccess(word: string): { resource: string; action: string } {
  const [resource = '', action = ''] = word.split(':')

  return { resource, action }
}
