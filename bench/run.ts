import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { findProgram } from '../scripts/peers/path.ts'
import { digestOf } from '../tests/harness/content.ts'
import { temporaryDirectory } from '../tests/harness/directory.ts'
import { openRegistry } from '../tests/harness/registry.ts'
import { openRepository } from '../tests/harness/repository.ts'
import { downloadRate, uploadRate } from './measure/blob.ts'
import { requestsPerSecond } from './measure/manifests.ts'
import { memoryOfTree } from './measure/memory.ts'
import { measureStartUp } from './measure/start-up.ts'
import { distribution } from './peers/distribution.ts'
import type { Access, Peer, RunningPeer } from './peers/peer.ts'
import { portolan } from './peers/portolan.ts'
import { type Row, surroundings, table } from './report.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '6' },
    mebibytes: { type: 'string', default: '256' },
  },
})
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)
const peers = [portolan, distribution] as const
const accept = { Accept: 'application/vnd.oci.image.manifest.v1+json' }

const rows = new Map<string, Row>()
const wrk = await findProgram('wrk')
if (wrk === undefined) {
  throw new Error('wrk is not installed: npm run install-peers')
}

await startUps()
await requests(wrk)
await report()

async function startUps(): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers) {
      const { first, later } = await measureStartUp(peer, 1)
      record('start-up, first', 'ms', false, peer, ...first)
      record('start-up, later', 'ms', false, peer, ...later)
    }
  }
}

/** Both run at once, but are asked in turn: what one has cached or the machine is doing hits both alike. */
async function requests(load: string): Promise<void> {
  const started = await Promise.all(peers.map(startPrepared))
  await new Promise((resolve) => setTimeout(resolve, 10_000))
  for (const { peer, running } of started) {
    record('idle memory', 'MiB', false, peer, (await memoryOfTree(running.pid)) / 2 ** 20)
  }
  const images = await Promise.all(started.map(({ running, access }) => pushImage(running, access)))
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { peer, running, access }] of started.entries()) {
      for (const [what, reference] of [
        ['tag', 'latest'],
        ['digest', images[at] ?? ''],
      ]) {
        const url = `${running.url}/v2/${access.repository}/manifests/${reference}`
        const rate = await requestsPerSecond(load, url, {
          headers: { ...access.headers, ...accept },
          connections: 32,
          seconds,
        })
        record(`manifest GET by ${what}`, 'requests/s', true, peer, rate)
      }
    }
    await blobs(started)
  }
  for (const { peer, running } of started) {
    record('memory after the load', 'MiB', false, peer, (await memoryOfTree(running.pid)) / 2 ** 20)
  }
  await Promise.all(started.map(({ running, remove }) => running.stop().then(remove)))
}

async function blobs(started: { peer: Peer; running: RunningPeer; access: Access }[]): Promise<void> {
  const bytes = randomBytes(Number(options.mebibytes) * 2 ** 20)
  const digest = digestOf(bytes)
  const megabytes = (rate: number) => rate / 1e6
  for (const { peer, running, access } of started) {
    record('one blob up', 'MB/s', true, peer, megabytes(await uploadRate(running, access, bytes, digest)))
    record('one blob down', 'MB/s', true, peer, megabytes(await downloadRate(running, access, digest)))
  }
}

async function startPrepared(peer: Peer) {
  const directory = await temporaryDirectory('bench')
  const running = await peer.start(directory.path)
  return { peer, running, access: await running.prepare(), remove: () => directory.remove() }
}

/** Answers the digest of the manifest that is now `latest`. */
async function pushImage({ url }: RunningPeer, { repository, headers }: Access): Promise<string> {
  const token = headers.Authorization?.replace(/^Bearer /, '')
  const registry = openRegistry(url, token === undefined ? undefined : { token })
  const { manifest } = await openRepository(registry, repository).pushImage('latest')
  return manifest.digest
}

function record(what: string, unit: string, more: boolean, peer: Peer, ...measured: number[]): void {
  const row = rows.get(what) ?? { what, unit, more, values: {} }
  row.values[peer.name] = [...(row.values[peer.name] ?? []), ...measured]
  rows.set(what, row)
  process.stdout.write(
    `${what}, ${peer.name}: ${measured.map((value) => value.toFixed(1)).join(', ')} ${unit}\n`,
  )
}

async function report(): Promise<void> {
  const [ours, theirs] = peers
  const versions = await Promise.all(peers.map(async (peer) => `${peer.name} ${await peer.version()}`))
  const day = new Date().toISOString().slice(0, 10)
  const text = [
    `# Beside Debian's docker-registry, ${day}`,
    '',
    ...[...(await surroundings()), ...versions].map((line) => `- ${line}`),
    `- Medians of ${rounds} rounds in turn; wrk with 32 kept connections for ${seconds} s; blobs of ${options.mebibytes} MiB.`,
    '- Portolan checks a token on every request; docker-registry runs without any login.',
    '',
    table([...rows.values()], [ours.name, theirs.name]),
    '',
  ].join('\n')
  const directory = path.join(import.meta.dirname, 'results')
  await mkdir(directory, { recursive: true })
  await writeFile(path.join(directory, `${day}.md`), text)
  process.stdout.write(`\n${text}`)
}
