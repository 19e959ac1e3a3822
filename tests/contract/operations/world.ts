import { json } from '../../harness/http.ts'
import { openAsAdministrator, ROLES, uniqueName } from '../../harness/project.ts'
import { openRegistry, type Registry } from '../../harness/registry.ts'
import { openRepository } from '../../harness/repository.ts'
import type { RunningServer } from '../../harness/server.ts'

export type RoleName = keyof typeof ROLES

export interface Account {
  id: number
  username: string
  password: string
}

export interface ProjectFixture {
  id: number
  name: string
  /** Its repository `images`, with one image that the tag `v1` names. */
  digest: string
}

/** What the rows work on, all of it made through the interface itself. */
export interface World {
  url: string
  /** The system administrator. */
  admin: Registry
  anonymous: Registry
  /** A private project with a member in each role, and another in which they have none. */
  project: ProjectFixture
  other: ProjectFixture
  people: Readonly<Record<RoleName | 'stranger', Account>>
  as(name: RoleName | 'stranger' | 'admin' | 'anonymous'): Registry
}

const PASSWORD = 'S3cret-of-the-tests'

export async function makeWorld(server: RunningServer): Promise<World> {
  const admin = openAsAdministrator(server)
  const [project, other] = [await makeProject(admin), await makeProject(admin)]
  const names: (RoleName | 'stranger')[] = [...(Object.keys(ROLES) as RoleName[]), 'stranger']
  const people = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await makeUser(admin)] as const)),
  ) as World['people']
  for (const role of Object.keys(ROLES) as RoleName[]) await makeMember(admin, project, people[role], role)
  const registries = new Map<string, Registry>([
    ['admin', admin],
    ['anonymous', admin.as()],
    ...names.map((name) => [name, openRegistry(server.url, people[name])] as const),
  ])

  return {
    url: server.url,
    admin,
    anonymous: admin.as(),
    project,
    other,
    people,
    as: (name) => registries.get(name) ?? admin.as(),
  }
}

export async function makeProject(
  admin: Registry,
  options: { public?: boolean; empty?: boolean } = {},
): Promise<ProjectFixture> {
  const name = uniqueName('p')
  const id = await create(admin, '/api/v2.0/projects', {
    project_name: name,
    metadata: { public: String(options.public ?? false) },
  })
  if (options.empty) return { id, name, digest: '' }
  const { manifest } = await openRepository(admin, `${name}/images`).pushImage('v1')

  return { id, name, digest: manifest.digest }
}

export async function makeUser(admin: Registry): Promise<Account> {
  const username = uniqueName('u')
  const id = await create(admin, '/api/v2.0/users', {
    username,
    email: `${username}@example.com`,
    realname: username,
    comment: 'of the tests',
    password: PASSWORD,
  })

  return { id, username, password: PASSWORD }
}

/** Makes the user a member and answers the member's id. */
export function makeMember(
  admin: Registry,
  project: ProjectFixture,
  user: Account,
  role: RoleName,
): Promise<number> {
  return create(admin, `/api/v2.0/projects/${project.id}/members`, {
    role_id: ROLES[role],
    member_user: { username: user.username },
  })
}

/** Creates something and answers the id at the end of its location. */
export async function create(registry: Registry, path: string, body: object): Promise<number> {
  const answer = await ask(registry, 'POST', path, body)
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.body.toString('utf8')}`)

  return Number(/(\d+)$/.exec(answer.headers.location ?? '')?.[1])
}

/** One call with a JSON body, or none. */
export function ask(registry: Registry, method: string, path: string, body?: unknown, headers = {}) {
  return registry.send({
    method,
    path,
    headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

/** What the administrator reads there. */
export async function read<T = Record<string, unknown>>(world: World, path: string): Promise<T> {
  const answer = await world.admin.get(`/api/v2.0${path}`)
  if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.body.toString('utf8')}`)

  return json(answer) as T
}
