import { beforeAll, expect, test } from 'vitest'
import { json } from '../harness/http.ts'
import {
  addMember,
  createProject,
  createUser,
  openAsAdministrator,
  type Project,
} from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()
let admin: Registry

beforeAll(() => {
  admin = openAsAdministrator(site.server)
})

/** Somebody with a token for one repository, who has just pulled from it. */
interface Holder {
  project: Project
  repository: string
  /** Of the user or robot, and what it is to be sent again as when it is changed. */
  id: number
  robot: object
  username: string
}

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await admin.send({
    method,
    path: `/api/v2.0${path}`,
    headers: { 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (answer.status >= 300)
    throw new Error(`${method} ${path} answered ${answer.status}: ${answer.body.toString('utf8')}`)
  return answer.body.length === 0 ? undefined : json(answer)
}

async function newMember(project: Project) {
  const user = await createUser(site.server)
  await addMember(site.server, project, user, 'guest')
  return { ...user, ...(await idOfUser(user.username)), robot: {} }
}

async function newStranger() {
  const user = await createUser(site.server)
  return { ...user, ...(await idOfUser(user.username)), robot: {} }
}

async function idOfUser(username: string): Promise<{ id: number }> {
  const [user] = (await call('GET', `/users/search?username=${username}`)) as [{ user_id: number }]
  return { id: user.user_id }
}

async function newRobot(project: Project) {
  const access = [{ resource: 'repository', action: 'pull' }]
  const robot = {
    name: 'puller',
    level: 'project',
    duration: -1,
    permissions: [{ kind: 'project', namespace: project.name, access }],
  }
  const { id, name, secret } = (await call('POST', '/robots', robot)) as {
    id: number
    name: string
    secret: string
  }
  return { id, username: name, password: secret, robot: { ...robot, id, name } }
}

async function removeMember({ project, username }: Holder): Promise<void> {
  const members = (await call('GET', `/projects/${project.id}/members`)) as {
    id: number
    entity_name: string
  }[]
  const member = members.find(({ entity_name }) => entity_name === username)
  await call('DELETE', `/projects/${project.id}/members/${member?.id}`)
}

async function removeProject({ project, repository }: Holder): Promise<void> {
  await call('DELETE', `/projects/${project.name}/repositories/${repository}`)
  await call('DELETE', `/projects/${project.id}`)
}

function removeTag(holder: Holder): Promise<unknown> {
  return call('DELETE', `${ofRepository(holder)}/artifacts/v1/tags/v1`)
}

/** Another project, which anybody may be in, takes the name and has the same image. */
async function replaceProject(holder: Holder): Promise<void> {
  await removeProject(holder)
  const { name } = holder.project
  await createProject(site.server, { name })
  await addMember(site.server, await projectOf(name), { username: holder.username, password: '' }, 'guest')
  await openRepository(admin, `${name}/${holder.repository}`).pushImage('v1')
}

async function projectOf(name: string): Promise<Project> {
  const { project_id: id } = (await call('GET', `/projects/${name}`)) as { project_id: number }
  return { id, name }
}

const ofRepository = ({ project, repository }: Holder) =>
  `/projects/${project.name}/repositories/${repository}`
const changed = ({ id, robot }: Holder, how: object) => call('PUT', `/robots/${id}`, { ...robot, ...how })

test.each([
  ['is no member any more', newMember, removeMember],
  ['is deleted', newMember, ({ id }: Holder) => call('DELETE', `/users/${id}`)],
  [
    'has another password',
    newMember,
    ({ id }: Holder) => call('PUT', `/users/${id}/password`, { new_password: 'An0ther-of-the-tests' }),
  ],
  ['pulls from a deleted repository', newMember, (holder: Holder) => call('DELETE', ofRepository(holder))],
  ['pulls a deleted tag', newMember, removeTag],
  ['pulls from a deleted project', newMember, removeProject],
  ['pulls from another project of that name', newMember, replaceProject],
  [
    'has no part in a project that is private now',
    newStranger,
    ({ project }: Holder) => call('PUT', `/projects/${project.id}`, { metadata: { public: 'false' } }),
  ],
  ['is a robot that is disabled', newRobot, (holder: Holder) => changed(holder, { disable: true })],
  [
    'is a robot with another secret',
    newRobot,
    ({ id }: Holder) => call('PATCH', `/robots/${id}`, { secret: 'An0ther-of-the-tests' }),
  ],
  ['is a deleted robot', newRobot, ({ id }: Holder) => call('DELETE', `/robots/${id}`)],
  [
    'is a robot that may list tags only by now',
    newRobot,
    async (holder: Holder) => {
      const access = [{ resource: 'tag', action: 'list' }]
      await changed(holder, { permissions: [{ kind: 'project', namespace: holder.project.name, access }] })
    },
  ],
])(
  'who %s pulls nothing any more with the token that was good a moment ago',
  async (_, newHolder, revoke) => {
    const project = await createProject(site.server, { public: newHolder === newStranger })
    const repository = openRepository(admin, `${project.name}/app`)
    const { config } = await repository.pushImage('v1')
    const known = await newHolder(project)
    const scope = `repository:${repository.name}:pull`
    const issued = await admin.as(known).get(`/service/token?service=harbor-registry&scope=${scope}`)
    const holder = admin.as({ token: (json(issued) as { token: string }).token })
    const blob = `blobs/${config.digest}`
    // With a query it is no request that could be answered quickly.
    const pull = (what: string, way: 'quick' | 'long') =>
      holder.get(repository.at(way === 'quick' ? what : `${what}?ns=x`))
    const before = []
    for (const what of ['manifests/v1', blob])
      for (const way of ['long', 'quick', 'quick'] as const) before.push((await pull(what, way)).status)

    await revoke({ ...known, project, repository: 'app' })

    const [quickly, atLength] = [await pull('manifests/v1', 'quick'), await pull('manifests/v1', 'long')]
    expect(before).toEqual([200, 200, 200, 200, 200, 200])
    expect([401, 403, 404]).toContain(quickly.status)
    expect(quickly.status).toBe(atLength.status)
    expect(quickly.body.toString()).toBe(atLength.body.toString())
    // A repository offers its blobs for a while after the tag has gone.
    const [blobQuickly, blobAtLength] = [await pull(blob, 'quick'), await pull(blob, 'long')]
    if (revoke !== removeTag) expect([401, 403, 404]).toContain(blobQuickly.status)
    expect(blobQuickly.status).toBe(blobAtLength.status)
    expect(blobQuickly.body.equals(blobAtLength.body)).toBe(true)
  },
)
