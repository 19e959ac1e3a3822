import { rm } from 'node:fs/promises'
import { expect, type TestContext, test } from 'vitest'
import { startServer } from '../harness/server.ts'
import { complaint, portolan } from './portolan.ts'
import { mountSmallDisk, type SmallDisk } from './small-disk.ts'

async function onSmallDisk(
  context: TestContext,
  megabytes: number,
  work: (disk: SmallDisk) => Promise<void>,
): Promise<void> {
  const disk = await mountSmallDisk(megabytes)
  if (disk === undefined) return context.skip('only root can mount a disk that is small enough')
  try {
    await work(disk)
  } finally {
    await disk.remove()
  }
}

function serve(disk: SmallDisk) {
  return portolan(['serve'], { cwd: '/', env: { PORTOLAN_DATA_DIRECTORY: disk.path } })
}

test('a first start on a full disk is refused in one line; with room again it works', async (context) => {
  await onSmallDisk(context, 8, async (disk) => {
    const result = await serve(disk)
    await disk.resize(300)
    const next = await startServer({ dataDirectory: disk.path })
    const code = await next.stop()

    expect(complaint(result)).toMatch(/^portolan: the disk of the data directory \S+ is full: \d+ MB free/)
    expect(code).toBe(0)
  })
})

test('a later start on a full disk is refused in one line, and nothing is lost', async (context) => {
  await onSmallDisk(context, 300, async (disk) => {
    const first = await startServer({ dataDirectory: disk.path })
    await first.stop()
    const filler = await disk.fill()

    const result = await serve(disk)
    await rm(filler)
    const next = await startServer({ dataDirectory: disk.path })
    const answer = await fetch(`${next.url}/api/v2.0/ping`)
    const code = await next.stop()

    expect(complaint(result)).toMatch(/No space left|is full/)
    expect(answer.status).toBe(200)
    expect(code).toBe(0)
  })
})
