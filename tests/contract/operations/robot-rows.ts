import { expect } from 'vitest'
import { uniqueName } from '../../harness/project.ts'
import { openRegistry } from '../../harness/registry.ts'
import { makeRobot } from '../access/caller.ts'
import type { CallOfRow, Row } from './row.ts'
import { read, type World } from './world.ts'

const MISSING = () => ({ robot_id: 999_999 })

function robotBody(world: World, name = uniqueName('robot')) {
  return {
    name,
    description: 'of the tests',
    level: 'project',
    duration: 30,
    permissions: [
      {
        kind: 'project',
        namespace: world.project.name,
        access: [{ resource: 'repository', action: 'pull' }],
      },
    ],
  }
}

async function ofNewRobot(world: World): Promise<CallOfRow> {
  return { path: { robot_id: (await makeRobot(world.admin, robotBody(world))).id } }
}

const robotOf = (call: CallOfRow) => `/robots/${call.path?.robot_id}`

/** Robot accounts of a project; the project is not in the path, so who may not see it is refused by the robot's id. */
export const ROBOT_ROWS: Row[] = [
  {
    operation: 'ListRobot',
    arrange: async (world) => {
      await ofNewRobot(world)
      return { query: { q: `Level=project,ProjectID=${world.project.id}` } }
    },
    as: 'guest',
    refused: 'limitedGuest',
    check: ({ body, world }) =>
      expect(body).toContainEqual(
        expect.objectContaining({
          name: expect.stringContaining(`${world.project.name}+`),
          level: 'project',
        }),
      ),
  },
  {
    operation: 'CreateRobot',
    arrange: (world) => ({ body: robotBody(world) }),
    as: 'projectAdmin',
    refused: 'maintainer',
    check: async ({ world, body }) => {
      const { name, secret } = body as { name: string; secret: string }
      const robot = openRegistry(world.url, { username: name, password: secret })
      expect((await robot.get(`/v2/${world.project.name}/images/manifests/v1`)).status).toBe(200)
    },
  },
  {
    operation: 'GetRobotByID',
    arrange: ofNewRobot,
    as: 'guest',
    refused: 'limitedGuest',
    wrongParent: MISSING,
    check: ({ body, call }) => {
      expect(body).toMatchObject({ id: call.path?.robot_id, duration: 30, disable: false })
      expect(body).not.toHaveProperty('secret')
    },
  },
  {
    operation: 'UpdateRobot',
    arrange: async (world) => {
      const call = await ofNewRobot(world)
      return {
        ...call,
        body: { ...(await read(world, robotOf(call))), description: 'changed', disable: true },
      }
    },
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect(await read(world, robotOf(call))).toMatchObject({ description: 'changed', disable: true }),
  },
  {
    operation: 'RefreshSec',
    arrange: async (world) => ({ ...(await ofNewRobot(world)), body: {} }),
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: MISSING,
    check: async ({ world, body, call }) => {
      const { name } = await read<{ name: string }>(world, robotOf(call))
      const { secret } = body as { secret: string }
      const robot = openRegistry(world.url, { username: name, password: secret })
      expect((await robot.get(`/v2/${world.project.name}/images/manifests/v1`)).status).toBe(200)
    },
  },
  {
    operation: 'DeleteRobot',
    arrange: ofNewRobot,
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect((await world.admin.get(`/api/v2.0${robotOf(call)}`)).status).toBe(404),
  },
]
