import type { Registry } from '../../harness/registry.ts'
import { bodyOf } from '../operations/retention-rows.ts'
import { create, makeMember, makeUser } from '../operations/world.ts'
import { makeRobot } from './caller.ts'
import type { Target } from './request.ts'

/** Makes the objects that calls in the project are about. */
export async function makeTarget(
  admin: Registry,
  project: { id: number; name: string },
  isPublic: boolean,
): Promise<Target> {
  const user = await makeUser(admin)
  const robot = await makeRobot(admin, {
    name: 'target',
    level: 'project',
    duration: -1,
    permissions: [
      { kind: 'project', namespace: project.name, access: [{ resource: 'repository', action: 'pull' }] },
    ],
  })

  return {
    project: { ...project, public: isPublic },
    label: await create(admin, '/api/v2.0/labels', { name: 'target', scope: 'p', project_id: project.id }),
    member: await makeMember(admin, { ...project, digest: '' }, await makeUser(admin), 'guest'),
    user: user.id,
    robot: robot.id,
    retention: await create(admin, '/api/v2.0/retentions', bodyOf(project.id)),
  }
}
