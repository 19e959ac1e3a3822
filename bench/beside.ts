import { writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { config, descriptorOf, image, layer } from '../tests/harness/content.ts'
import { temporaryDirectory } from '../tests/harness/directory.ts'
import { send } from '../tests/harness/http.ts'
import { createProject, openAsAdministrator } from '../tests/harness/project.ts'
import { fetchToken } from '../tests/harness/registry.ts'
import { openRepository } from '../tests/harness/repository.ts'
import { startServer } from '../tests/harness/server.ts'
import { memoryOfTree } from './measure/memory.ts'
import { runWrk } from './measure/wrk.ts'
import { surroundings } from './report.ts'
import { median } from './sheet.ts'

/**
 * Two checkouts of Portolan side by side, asked in turn: `npm run beside -w bench -- --other <checkout>`. Pushes of
 * small manifests with a tag each into one repository and into many, pulls by tag, start-up and idle memory.
 */
const { values: options } = parseArgs({
  options: {
    other: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    pushes: { type: 'string', default: '800' },
    clients: { type: 'string', default: '16' },
    repositories: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '3' },
    starts: { type: 'string', default: '3' },
  },
})
if (options.other === undefined) throw new Error('--other names the checkout to compare with')

const SUBJECTS = {
  this: path.resolve(import.meta.dirname, '..'),
  other: path.resolve(options.other),
}
const measured = new Map<string, Record<string, number[]>>()
const programs = await temporaryDirectory('bench')
const agent = new Agent({ keepAlive: true, maxSockets: Number(options.clients) })

await startUps()
const subjects = await Promise.all(Object.entries(SUBJECTS).map(([name, root]) => prepare(name, root)))
try {
  for (const { name, server } of subjects)
    record('idle memory, MiB', name, (await memoryOfTree(server.pid)) / 2 ** 20)
  for (let round = 0; round < Number(options.rounds); round += 1) {
    // Whoever is first in a round pays for what the machine did before.
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      record('pushes/s, one repository', subject.name, await pushesPerSecond(subject, () => 0))
      record('pushes/s, many repositories', subject.name, await pushesPerSecond(subject, (at) => at))
      const path = `/v2/${subject.repositories[0]}/manifests/latest`
      const headers = { ...subject.headers, Accept: 'application/vnd.oci.image.manifest.v1+json' }
      const { perSecond } = await runWrk(subject.server.url, [{ path, headers }], {
        directory: programs.path,
        connections: 32,
        seconds: Number(options.seconds),
      })
      record('pulls/s by tag', subject.name, perSecond)
    }
  }
} finally {
  for (const { server } of subjects) await server.dispose()
  agent.destroy()
  await programs.remove()
}
await print()

type Subject = Awaited<ReturnType<typeof prepare>>

async function startUps(): Promise<void> {
  for (let round = 0; round < Number(options.starts); round += 1) {
    for (const [name, root] of Object.entries(SUBJECTS)) {
      const begin = performance.now()
      const server = await startServer({ program: await programOf(name, root) })
      record('first start, ms', name, performance.now() - begin)
      await server.stop()
      const again = performance.now()
      await server.restart()
      record('later start, ms', name, performance.now() - again)
      await server.dispose()
    }
  }
}

async function prepare(name: string, root: string) {
  const server = await startServer({ program: await programOf(name, root) })
  const { name: project } = await createProject(server)
  const admin = openAsAdministrator(server)
  const repositories = Array.from({ length: Number(options.repositories) }, (_, at) => `${project}/app-${at}`)
  const scopes = repositories.map((repository) => `scope=repository:${repository}:pull,push`).join('&')
  const answer = await admin.get(`/service/token?service=harbor-registry&${scopes}`)
  const { token } = JSON.parse(answer.body.toString('utf8')) as { token: string }
  const parts = [config(), layer(2_000)]
  for (const repository of repositories) {
    const refused = await admin.as().send({ method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
    const own = await fetchToken(admin, refused.headers['www-authenticate'] ?? '')
    const opened = openRepository(admin.as({ token: own }), repository)
    for (const part of parts) await opened.pushBlob(part)
    await opened.pushImage('latest')
  }
  await new Promise((resolve) => setTimeout(resolve, 10_000))
  return { name, server, repositories, parts, headers: { Authorization: `Bearer ${token}` } }
}

/** The same config and layer under ever new annotations: what is measured is the manifest, not the blobs. */
async function pushesPerSecond(subject: Subject, repositoryAt: (at: number) => number): Promise<number> {
  const [configuration, only] = subject.parts.map(descriptorOf)
  if (!configuration || !only) throw new Error('an image has two parts')
  let next = 0
  const begin = performance.now()
  await Promise.all(
    Array.from({ length: Number(options.clients) }, async () => {
      for (let at = next++; at < Number(options.pushes); at = next++) {
        const annotations = { at: `${begin}-${at}` }
        const content = image({ config: configuration, layers: [only], annotations })
        const repository = subject.repositories[repositoryAt(at) % subject.repositories.length]
        const answer = await send(
          subject.server.url,
          {
            method: 'PUT',
            path: `/v2/${repository}/manifests/t-${Math.floor(begin)}-${at}`,
            headers: { ...subject.headers, 'Content-Type': content.mediaType },
            body: content.bytes,
          },
          { agent },
        )
        if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.body.toString('utf8')}`)
      }
    }),
  )
  return (Number(options.pushes) * 1000) / (performance.now() - begin)
}

/** A checkout's server as a program: from its sources, by its own Node. */
async function programOf(name: string, root: string): Promise<string> {
  const program = path.join(programs.path, name)
  const [node, main] = ['node_modules/.bin/node', 'server/src/main.ts'].map((file) => path.join(root, file))
  await writeFile(program, `#!/bin/sh\nexec '${node}' '${main}' "$@"\n`, { mode: 0o755 })
  return program
}

function record(what: string, name: string, value: number): void {
  const row = measured.get(what) ?? {}
  row[name] = [...(row[name] ?? []), value]
  measured.set(what, row)
  process.stdout.write(`${what}, ${name}: ${value.toFixed(1)}\n`)
}

async function print(): Promise<void> {
  process.stdout.write(`\n${(await surroundings()).map((line) => `- ${line}`).join('\n')}\n\n`)
  process.stdout.write(
    '| what | this | other | ratio | ratios of the rounds |\n| --- | ---: | ---: | ---: | --- |\n',
  )
  for (const [what, { this: ours = [], other: theirs = [] }] of measured) {
    const ratios = ours.map((value, at) => (value / (theirs[at] ?? Number.NaN)).toFixed(2))
    const [a, b] = [median(ours), median(theirs)]
    process.stdout.write(
      `| ${what} | ${a.toFixed(0)} | ${b.toFixed(0)} | ${(a / b).toFixed(2)} | ${ratios.join(' ')} |\n`,
    )
  }
}
