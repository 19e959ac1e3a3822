import { addMember, createUser, openAsAdministrator } from '../../tests/harness/project.ts'
import type { RunningServer } from '../../tests/harness/server.ts'

/** A robot that pulls from and pushes into the project; answers what it sends as `Authorization`. */
export async function createRobot(
  server: RunningServer,
  project: string,
  name: string,
  secret?: string,
): Promise<string> {
  const access = ['project:read', 'repository:pull', 'repository:push'].map((word) => {
    const [resource, action] = word.split(':')
    return { resource, action }
  })
  const answer = await openAsAdministrator(server).send({
    method: 'POST',
    path: '/api/v2.0/robots',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      name,
      level: 'project',
      duration: -1,
      permissions: [{ kind: 'project', namespace: project, access }],
      ...(secret === undefined ? {} : { secret }),
    }),
  })
  if (answer.status !== 201) throw new Error(`the robot was not created: ${answer.body.toString('utf8')}`)
  const robot = JSON.parse(answer.body.toString('utf8')) as { name: string; secret: string }
  return basic(robot.name, robot.secret)
}

/** A developer of the project; answers what he sends as `Authorization`. */
export async function createUserWithRole(server: RunningServer, project: string): Promise<string> {
  const user = await createUser(server)
  const found = await openAsAdministrator(server).get(`/api/v2.0/projects/${project}`)
  const { project_id: id } = JSON.parse(found.body.toString('utf8')) as { project_id: number }
  await addMember(server, { id, name: project }, user, 'developer')
  return basic(user.username, user.password)
}

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}
