import { parseArgs } from 'node:util'
import { findProgram } from '../scripts/peers/path.ts'
import { temporaryDirectory } from '../tests/harness/directory.ts'
import { createProject, openAsAdministrator } from '../tests/harness/project.ts'
import { startServer } from '../tests/harness/server.ts'
import { type Login, loginsPerSecond } from './measure/logins.ts'
import { surroundings } from './report.ts'

/** How many times a second robots log in: at the token service as `docker login` does, and by Basic on REST. */

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    robots: { type: 'string', default: '500' },
    connections: { type: 'string', default: '64' },
  },
})
const wrk = await findProgram('wrk')
if (wrk === undefined) throw new Error('wrk is not installed: npm run install-peers')

const directory = await temporaryDirectory('bench')
const server = await startServer({ dataDirectory: directory.path })
try {
  const { name: project } = await createProject(server)
  const registry = openAsAdministrator(server)
  const chosen = await createRobot('chosen', 'Chosen12345')
  const robots: Login[] = []
  for (let index = 0; index < Number(options.robots); index += 1) {
    robots.push(await createRobot(`ci-${index}`))
  }
  const token = (repository: string) =>
    `/service/token?service=harbor-registry&scope=repository:${project}/${repository}:pull,push`
  const [first] = robots
  const measured: [string, (round: number) => Login[]][] = [
    ['one robot, one scope, at the token service', () => [{ ...first, path: token('app') } as Login]],
    [
      'each robot its own scope, at the token service',
      () => robots.map((robot, at) => ({ ...robot, path: token(`app-${at}`) })),
    ],
    // What has not been asked for in the last minute must be signed.
    ['a scope never asked for, at the token service', fresh],
    ['one robot with a chosen secret, at the token service', () => [{ ...chosen, path: token('app') }]],
    ['all robots by Basic on REST, what each may', () => robots],
  ]
  for (const line of await surroundings()) process.stdout.write(`- ${line}\n`)
  process.stdout.write(`- wrk with ${options.connections} kept connections, ${robots.length} robots\n\n`)
  for (const [what, logins] of measured) {
    const rates: number[] = []
    for (let round = 0; round < Number(options.rounds); round += 1) {
      rates.push(
        await loginsPerSecond(wrk, server.url, logins(round), {
          directory: directory.path,
          connections: Number(options.connections),
          seconds: Number(options.seconds),
        }),
      )
    }
    process.stdout.write(`${what}: ${rates.map((rate) => rate.toFixed(0)).join(', ')} logins/s\n`)
  }

  function fresh(round: number): Login[] {
    return Array.from({ length: 6000 * Number(options.seconds) }, (_, at) => ({
      ...(robots[at % robots.length] as Login),
      path: token(`new-${round}-${at}`),
    }))
  }

  async function createRobot(name: string, secret?: string): Promise<Login> {
    const access = ['project:read', 'repository:pull', 'repository:push'].map((word) => {
      const [resource, action] = word.split(':')
      return { resource, action }
    })
    const answer = await registry.send({
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
    const basic = Buffer.from(`${robot.name}:${robot.secret}`).toString('base64')
    return { path: '/api/v2.0/users/current/permissions', authorization: `Basic ${basic}` }
  }
} finally {
  await server.dispose()
  await directory.remove()
}
