import { Agent } from 'node:http'
import { blob, config, descriptorOf, image, layer } from '../../tests/harness/content.ts'
import { type Call, send } from '../../tests/harness/http.ts'
import { createProject, openAsAdministrator } from '../../tests/harness/project.ts'
import { fetchToken, locationOf, withQuery } from '../../tests/harness/registry.ts'
import { openRepository } from '../../tests/harness/repository.ts'
import type { RunningServer } from '../../tests/harness/server.ts'
import { createRobot } from '../measure/people.ts'
import { runWrk, type WrkRequest } from '../measure/wrk.ts'

/** Something that clients do again and again; answers how often it was done. */
export interface Work {
  name: string
  run(seconds: number): Promise<number>
}

export interface WorkOptions {
  clients: number
  /** Where a file may lie. */
  directory: string
}

/** Scopes that the robot asks for, in turn. */
const SCOPES = 100

/** What is measured, on a server that has just been started. */
export async function worksOn(server: RunningServer, { clients, directory }: WorkOptions): Promise<Work[]> {
  const { name: project } = await createProject(server)
  const admin = openAsAdministrator(server)
  const refused = await admin.as().send({ method: 'POST', path: `/v2/${project}/bench/blobs/uploads/` })
  const token = await fetchToken(admin, refused.headers['www-authenticate'] ?? '')
  const repository = openRepository(admin.as({ token }), `${project}/bench`)
  const { manifest } = await repository.pushImage('latest')
  const small = await repository.pushBlob(blob(1024))
  const large = await repository.pushBlob(blob(10 * 1024 * 1024))
  const bearer = { Authorization: `Bearer ${token}` }

  const robot = { Authorization: await createRobot(server, project, 'ci') }
  const scopes = Array.from({ length: SCOPES }, (_, at) => `repository:${project}/app-${at}:pull,push`)

  const asked = (name: string, requests: WrkRequest[]): Work => ({
    name,
    async run(seconds) {
      const { count } = await runWrk(server.url, requests, { directory, connections: clients, seconds })
      return count
    },
  })
  const got = (name: string, path: string, headers: Record<string, string> = bearer) =>
    asked(name, [{ path, headers }])
  return [
    got('a page without the database', '/api/v2.0/systeminfo', {}),
    got('manifest by tag', repository.at('manifests/latest')),
    got('manifest by digest', repository.at(`manifests/${manifest.digest}`)),
    got('blob of 1 KiB', repository.at(`blobs/${small.digest}`)),
    got('blob of 10 MiB', repository.at(`blobs/${large.digest}`)),
    asked(
      'token for a robot',
      scopes.map((scope) => ({
        path: `/service/token?service=harbor-registry&scope=${scope}`,
        headers: robot,
      })),
    ),
    {
      name: 'small image pushed',
      run: (seconds) => pushes(server, `${project}/bench`, { headers: bearer, clients, seconds }),
    },
  ]
}

/** Config, layer of 10 KB and manifest, as a client sends them that knows that they are new. */
async function pushes(
  server: RunningServer,
  repository: string,
  { headers, clients, seconds }: { headers: Record<string, string>; clients: number; seconds: number },
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const ask = async (call: Call, status: number) => {
    const answer = await send(server.url, { ...call, headers: { ...headers, ...call.headers } }, { agent })
    if (answer.status !== status) throw new Error(`${answer.status}: ${answer.body.toString('utf8')}`)
    return answer
  }
  const end = Date.now() + seconds * 1000
  let count = 0
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let at = 0; Date.now() < end; at += 1) {
        const parts = [config(), layer(10_000)]
        for (const { digest, bytes } of parts) {
          const begun = await ask({ method: 'POST', path: `/v2/${repository}/blobs/uploads/` }, 202)
          await ask({ method: 'PUT', path: withQuery(locationOf(begun), { digest }), body: bytes }, 201)
        }
        const [configuration, only] = parts.map(descriptorOf)
        if (!configuration || !only) throw new Error('an image has two parts')
        const manifest = image({ config: configuration, layers: [only] })
        const type = { 'Content-Type': manifest.mediaType }
        const path = `/v2/${repository}/manifests/${client}-${end}-${at}`
        await ask({ method: 'PUT', path, headers: type, body: manifest.bytes }, 201)
        count += 1
      }
    }),
  )
  agent.destroy()
  return count
}
