import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findProgram } from '../../scripts/peers/path.ts'
import { succeed } from '../../tests/harness/command.ts'
import { freePort } from '../../tests/harness/port.ts'
import { pullBlob, timed } from '../load/blobs.ts'
import { makeContent } from '../load/content.ts'
import type { Measured, Sizes } from '../workload.ts'
import { label } from './blobs.ts'

const MIB = 1024 * 1024

export interface References {
  measure(): Promise<Measured[]>
  stop(): Promise<void>
}

/**
 * What the machine itself can do with the same bytes: for a push the slower of hashing them with openssl and writing
 * them with dd and a sync, for a pull nginx with sendfile, asked by the same client.
 */
export async function openReferences(sizes: Sizes): Promise<References> {
  const directory = path.join(sizes.directory, 'reference')
  const files = path.join(directory, 'v2/bench/blobs/blobs')
  await mkdir(files, { recursive: true })
  const contents = new Map([10, sizes.mebibytes].map((size) => [size, makeContent(size * MIB)]))
  for (const content of contents.values())
    await writeFile(path.join(files, content.digest.replace(':', '-')), content.parts)
  const nginx = await startNginx(directory)
  let copies = 0

  return {
    measure: async () => {
      const measured: Measured[] = []
      for (const [size, content] of contents) {
        const file = path.join(files, content.digest.replace(':', '-'))
        const rate = (seconds: number, count = 1) => (count * content.bytes) / seconds / 1e6
        const hashed = rate(await secondsOf('openssl', ['dgst', '-sha256', file]))
        // It stays, as with a server: memory that a deleted file has left is twice as fast to fill.
        const copy = path.join(directory, `copy-${++copies}`)
        const written = rate(await secondsOf('dd', [`if=${file}`, `of=${copy}`, 'bs=1M', 'conv=fsync']))
        for (const way of ['monolithic', 'streamed', 'chunked']) {
          const value = Math.min(hashed, written)
          measured.push({ what: label('push', `${size} MiB`, 1, way), unit: 'MB/s', more: true, value })
        }
        if (nginx === undefined) continue
        for (const atOnce of [1, 16]) {
          const count = size === 10 ? Math.max(10, atOnce * 2) : atOnce
          const digests = Array.from({ length: count }, () => content.digest.replace(':', '-'))
          const access = { repository: 'bench/blobs', headers: {} }
          const seconds = await timed(
            nginx.url,
            digests,
            atOnce,
            (connection, digest) => pullBlob(connection, access, digest),
            MIB,
          )
          const what = label('pull', `${size} MiB`, atOnce)
          measured.push({ what, unit: 'MB/s', more: true, value: rate(seconds, count) })
        }
      }
      return measured
    },
    stop: async () => {
      await nginx?.stop()
    },
  }
}

async function secondsOf(program: string, args: readonly string[]): Promise<number> {
  const begin = performance.now()
  await succeed(program, [...args])
  return (performance.now() - begin) / 1000
}

async function startNginx(root: string): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  const nginx = await findProgram('nginx')
  if (nginx === undefined) return undefined
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${root}/${name};`)
    .join(' ')
  const file = path.join(root, 'nginx.conf')
  await writeFile(
    file,
    `daemon off; worker_processes auto; pid ${root}/pid; ${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 512; }
http { access_log off; sendfile on; ${temporary} server { listen 127.0.0.1:${port}; root ${root}; } }
`,
  )
  const child = spawn(nginx, ['-c', file, '-p', root, '-e', path.join(root, 'error.log')], {
    stdio: 'ignore',
  })
  const atExit = () => child.kill('SIGTERM')
  process.once('exit', atExit)
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 200; tries += 1) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      break
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return {
    url,
    stop: async () => {
      process.removeListener('exit', atExit)
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
