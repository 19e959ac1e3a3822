import { parseArgs } from 'node:util'
import { temporaryDirectory } from '../tests/harness/directory.ts'
import { createProject } from '../tests/harness/project.ts'
import { startServer } from '../tests/harness/server.ts'
import { createRobot } from './measure/people.ts'
import { runWrk, type WrkRequest } from './measure/wrk.ts'
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

const directory = await temporaryDirectory('bench')
const server = await startServer({ dataDirectory: directory.path })
try {
  const { name: project } = await createProject(server)
  const login = async (name: string, secret?: string): Promise<WrkRequest> => ({
    path: '/api/v2.0/users/current/permissions',
    headers: { Authorization: await createRobot(server, project, name, secret) },
  })
  const chosen = await login('chosen', 'Chosen12345')
  const robots: WrkRequest[] = []
  for (let index = 0; index < Number(options.robots); index += 1) {
    robots.push(await login(`ci-${index}`))
  }
  const token = (repository: string) =>
    `/service/token?service=harbor-registry&scope=repository:${project}/${repository}:pull,push`
  const [first] = robots
  const measured: [string, (round: number) => WrkRequest[]][] = [
    ['one robot, one scope, at the token service', () => [{ ...first, path: token('app') } as WrkRequest]],
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
      const { perSecond } = await runWrk(server.url, logins(round), {
        directory: directory.path,
        connections: Number(options.connections),
        seconds: Number(options.seconds),
      })
      rates.push(perSecond)
    }
    process.stdout.write(`${what}: ${rates.map((rate) => rate.toFixed(0)).join(', ')} logins/s\n`)
  }

  function fresh(round: number): WrkRequest[] {
    return Array.from({ length: 6000 * Number(options.seconds) }, (_, at) => ({
      ...(robots[at % robots.length] as WrkRequest),
      path: token(`new-${round}-${at}`),
    }))
  }
} finally {
  await server.dispose()
  await directory.remove()
}
