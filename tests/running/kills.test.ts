import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { useHome } from '../harness/home.ts'
import { json } from '../harness/http.ts'
import { administrator, createProject, openAsAdministrator } from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { startServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'
import { checkProject } from '../soak/checker.ts'
import { copyOn, lostOf, nothingSeen, pushOn, type Seen } from './killed/clients.ts'
import { type Kill, killBackend, killDatabase, killServer } from './killed/killing.ts'
import { portolan } from './portolan.ts'

/** In all; by command as many as one likes. */
const KILLS = Number(process.env.PORTOLAN_KILLS ?? 50)
const CLIENTS = 3
/** Between two kills at most: some pushes come to their end meanwhile. */
const PAUSE_MILLISECONDS = 1500

const tools = await findTools('skopeo')

describeWith('pushes while things are killed', tools, (files) => {
  const home = useHome()

  test.concurrent.each<{ what: string; kills: Kill[] }>([
    { what: 'the server', kills: turns(Math.floor(KILLS * 0.4), killServer) },
    // The database as a whole now and then: the server has to be started again behind it.
    { what: 'its database', kills: turns(Math.ceil(KILLS * 0.6), killBackend, killBackend, killDatabase) },
  ])(
    '$what is killed again and again, and no push that was acknowledged is lost',
    {
      timeout: 120_000 + KILLS * 10_000,
    },
    async ({ what, kills }) => {
      const server = await startServer()
      const seen = nothingSeen()
      let isOver = false
      try {
        const project = await createProject(server)
        const credentials = administrator(server)
        const target = (name: string) => ({
          url: server.url,
          credentials,
          repository: `${project.name}/${name}`,
          name,
        })
        const clients = [
          ...Array.from({ length: CLIENTS }, (_, index) =>
            pushOn(target(index === 0 ? 'own' : `own-${index}`), seen, () => isOver),
          ),
          copyOn(target('skopeo'), { home, skopeo: files.skopeo }, seen, () => isOver),
        ]
        for (const [index, kill] of kills.entries()) {
          await sleep(Math.random() * PAUSE_MILLISECONDS)
          await kill(server)
          if (process.env.PORTOLAN_KILLS && index % 25 === 24) tell(what, index + 1, seen)
        }
        isOver = true
        await Promise.all(clients)

        const registry = openAsAdministrator(server)
        expect(seen.wrong).toEqual([])
        expect(seen.kept.length).toBeGreaterThan(0)
        expect(await lostOf(seen, registry, { home, skopeo: files.skopeo, credentials })).toEqual([])
        expect((await checkProject(registry, project.name)).faults).toEqual([])
        // What a crash has left in the store and no row knows goes into quarantine; then both agree.
        await scrub(registry)
        expect(await report(server.dataDirectory)).toMatchObject({ agree: true, faults: {} })
      } finally {
        isOver = true
        await server.dispose()
      }
    },
  )
})

/** For who runs it by hand: how far it is. */
function tell(what: string, kills: number, { kept, refusals, wrong }: Seen): void {
  const told = [...refusals].map(([kind, count]) => `${count} ${kind}`).join(', ')
  process.stdout.write(
    `${what}: ${kills} kills, ${kept.length} images kept, refused ${told}, ${wrong.length} wrong ${wrong.at(-1) ?? ''}\n`,
  )
}

/** So many in turn. */
function turns(count: number, ...kills: Kill[]): Kill[] {
  return Array.from({ length: count }, (_, index) => kills[index % kills.length] as Kill)
}

async function scrub(registry: Registry): Promise<void> {
  const started = await registry.send({
    method: 'POST',
    path: '/api/v2.0/system/scrub',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ rehash: true }),
  })
  for (;;) {
    const { job_status: status } = json(await registry.get(started.headers.location ?? '')) as {
      job_status: string
    }
    if (status === 'Success') return
    if (['Error', 'Stopped'].includes(status)) throw new Error(`the scrub ended: ${status}`)
    await sleep(100)
  }
}

async function report(dataDirectory: string): Promise<unknown> {
  const { stdout } = await portolan(['scrub', '--report', '--json', '--rehash'], {
    cwd: dataDirectory,
    env: { PORTOLAN_DATA_DIRECTORY: dataDirectory },
  })
  return JSON.parse(stdout)
}
