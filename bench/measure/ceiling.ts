import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { timed } from '../load/blobs.ts'
import { makeContent } from '../load/content.ts'
import { headsPerSecond } from '../load/heads.ts'
import { pushImages } from '../load/images.ts'
import type { Sizes } from '../workload.ts'
import { runWrk } from './wrk.ts'

const NOBODY = { repository: 'x', headers: {} }
const MIB = 1024 * 1024

/** What the load generators reach against a server that does nothing: [what, how much]. */
export async function ceilings(sizes: Sizes): Promise<[string, string][]> {
  const child = spawn(process.execPath, [path.resolve(import.meta.dirname, '../load/null-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [port] = (await once(child.stdout, 'data')) as [Buffer]
    const url = `http://127.0.0.1:${port.toString('utf8').trim()}`
    const gets = await runWrk(url, [{ path: '/', headers: {} }], { ...sizes, connections: 32 })
    const heads = await headsPerSecond(url, '/', {}, { ...sizes, connections: 32 })
    const pushes = await pushImages(url, [NOBODY], { clients: 32, pushes: 3000 })
    const content = makeContent(sizes.mebibytes * MIB)
    const put = `PUT /x HTTP/1.1\r\nContent-Length: ${content.bytes}\r\n\r\n`
    const up = await timed(url, [content], 1, (connection) => connection.ask(put, content.parts))
    const get = `GET /mebibytes/${sizes.mebibytes} HTTP/1.1\r\n\r\n`
    const down = await timed(url, [content], 1, (connection) => connection.ask(get), MIB)
    const rate = (seconds: number) => `${Math.round(content.bytes / seconds / 1e6).toLocaleString('en')} MB/s`
    return [
      ['GETs over 32 connections (wrk)', `${Math.round(gets.perSecond).toLocaleString('en')}/s`],
      ['HEADs over 32 connections', `${Math.round(heads).toLocaleString('en')}/s`],
      ['small image pushes by 32 clients', `${Math.round(pushes.perSecond).toLocaleString('en')}/s`],
      ['a large blob up', rate(up)],
      ['a large blob down', rate(down)],
    ]
  } finally {
    child.kill('SIGKILL')
  }
}
