import { headerLines } from '../load/images.ts'
import { runPaced } from '../load/paced.ts'
import type { RunningPortolan } from '../peers/portolan.ts'
import type { Measured, Sizes } from '../workload.ts'
import { createRobot, createUserWithRole } from './people.ts'
import { runWrk } from './wrk.ts'

const CLIENTS = 200
const ROBOTS = 100
/** Logins a second of a farm of builders that is busy, but not more than it may be. */
const RATE = 3000

/**
 * What the token service takes for robots, each with a scope of its own, and for one user's password: as fast as it can, and how
 * long a robot waits where 200 clients ask at a pace. Portolan alone has it.
 */
export async function openLogins(running: RunningPortolan, sizes: Sizes): Promise<() => Promise<Measured[]>> {
  const robots: string[] = []
  for (let at = 0; at < ROBOTS; at += 1) robots.push(await createRobot(running.server, 'bench', `ci-${at}`))
  const user = await createUserWithRole(running.server, 'bench')
  const target = (name: string) =>
    `/service/token?service=harbor-registry&scope=repository:bench/${name}:pull,push`
  const kinds = {
    'a robot': robots.map((authorization, at) => ({
      path: target(`app-${at}`),
      headers: { Authorization: authorization },
    })),
    "a user's password": [{ path: target('app'), headers: { Authorization: user } }],
  }

  return async () => {
    const measured: Measured[] = []
    for (const [who, requests] of Object.entries(kinds)) {
      const { perSecond, p99 } = await runWrk(running.url, requests, { ...sizes, connections: CLIENTS })
      const what = `token for ${who}, ${CLIENTS} clients`
      measured.push(
        { what, unit: 'tokens/s', more: true, value: perSecond },
        { what: `${what}, p99`, unit: 'ms', more: false, value: p99 },
      )
    }
    const heads = kinds['a robot'].map(
      ({ path, headers }) => `GET ${path} HTTP/1.1\r\n${headerLines(headers)}\r\n`,
    )
    const paced = await runPaced(running.url, heads, { ...sizes, connections: CLIENTS, rate: RATE })
    const what = `token for a robot, ${CLIENTS} clients at a pace of ${RATE} a second`
    measured.push(
      { what, unit: 'tokens/s', more: true, value: paced.perSecond },
      { what: `${what}, p99`, unit: 'ms', more: false, value: paced.p99 },
    )
    return measured
  }
}
