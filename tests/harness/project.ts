import { randomBytes } from 'node:crypto'
import type { Answer } from './http.ts'
import { openRegistry, type Registry } from './registry.ts'
import type { RunningServer } from './server.ts'

export interface User {
  username: string
  password: string
}

export interface Project {
  id: number
  name: string
}

/** Harbor's numbers of the roles a member can have. */
export const ROLES = { projectAdmin: 1, developer: 2, guest: 3, maintainer: 4, limitedGuest: 5 } as const

export function administrator(server: RunningServer): User {
  return { username: 'admin', password: server.adminPassword }
}

export function openAsAdministrator(server: RunningServer): Registry {
  return openRegistry(server.url, administrator(server))
}

/** A name that no other test has. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`
}

export async function createProject(
  server: RunningServer,
  options: { name?: string; public?: boolean } = {},
): Promise<Project> {
  const name = options.name ?? uniqueName('project')
  const answer = await post(server, '/api/v2.0/projects', {
    project_name: name,
    metadata: { public: String(options.public ?? false) },
  })
  return { id: idOf(answer), name }
}

export async function createUser(server: RunningServer, username = uniqueName('user')): Promise<User> {
  const password = 'S3cret-of-the-tests'
  await post(server, '/api/v2.0/users', {
    username,
    email: `${username}@example.com`,
    realname: username,
    password,
  })
  return { username, password }
}

export async function addMember(
  server: RunningServer,
  project: Project,
  user: User,
  role: keyof typeof ROLES,
): Promise<void> {
  await post(server, `/api/v2.0/projects/${project.id}/members`, {
    role_id: ROLES[role],
    member_user: { username: user.username },
  })
}

async function post(server: RunningServer, path: string, body: object): Promise<Answer> {
  const answer = await openAsAdministrator(server).send({
    method: 'POST',
    path,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (answer.status !== 201) {
    throw new Error(`POST ${path} answered ${answer.status}: ${answer.body.toString('utf8')}`)
  }
  return answer
}

function idOf(answer: Answer): number {
  return Number(/(\d+)$/.exec(answer.headers.location ?? '')?.[1])
}
