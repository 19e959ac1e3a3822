import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bucket, startBucket } from '../harness/bucket.ts'
import { blob } from '../harness/content.ts'
import { useHome } from '../harness/home.ts'
import { layersInLayout } from '../harness/layers.ts'
import { writeLayout } from '../harness/layout.ts'
import { type ExternalDatabase, startDatabase } from '../harness/postgres.ts'
import { createProject, openAsAdministrator, type Project, uniqueName } from '../harness/project.ts'
import { locationOf, type Registry, withQuery } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'
import { portolan } from '../running/portolan.ts'

const tools = await findTools('versitygw', 'skopeo')

describeWith('two servers on one database and one bucket', tools, (files) => {
  const home = useHome()
  let database: ExternalDatabase
  let bucket: Bucket
  let env: Record<string, string> = {}
  let servers: RunningServer[] = []
  let here: Registry
  let there: Registry
  let project: Project

  beforeAll(async () => {
    database = await startDatabase()
    bucket = await startBucket(files.versitygw)
    env = {
      ...bucket.env,
      PORTOLAN_DATABASE_URL: database.url,
      PORTOLAN_SECRET_KEY: randomBytes(32).toString('base64'),
    }
    servers = await Promise.all([startServer({ env }), startServer({ env })])
    const [first, second] = servers as [RunningServer, RunningServer]
    here = openAsAdministrator(first)
    there = openAsAdministrator(second)
    project = await createProject(first)
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.dispose()))
    await bucket?.stop()
    await database?.stop()
  })

  const newName = () => `${project.name}/${uniqueName('app')}`
  const host = (server: RunningServer | undefined) => `docker://127.0.0.1:${server?.port}`
  const as = (side: 'src' | 'dest') => [
    `--${side}-tls-verify=false`,
    `--${side}-creds=admin:${servers[0]?.adminPassword}`,
  ]

  test.each(['in one request', 'in a stream'])(
    'a large blob that is pushed %s is stored byte for byte',
    async (how) => {
      const { at, startUpload } = openRepository(here, newName())
      const { bytes, digest } = blob(21 * 1024 * 1024 + 5)

      if (how === 'in a stream') {
        const body = Readable.from([bytes])
        const sent = await here.send({ method: 'PATCH', path: await startUpload(), body })
        const ended = await here.send({ method: 'PUT', path: withQuery(locationOf(sent), { digest }) })
        expect([sent.status, ended.status]).toEqual([202, 201])
      } else {
        const path = withQuery(at('blobs/uploads/'), { digest })
        expect((await here.send({ method: 'POST', path, body: bytes })).status).toBe(201)
      }

      const pulled = await there.get(at(`blobs/${digest}`))
      expect(pulled.headers['content-length']).toBe(String(bytes.length))
      expect(pulled.body.equals(bytes)).toBe(true)
    },
  )

  test('skopeo pushes an image here and pulls it there, byte for byte', async () => {
    const name = newName()
    const { directory, layers } = await writeLayout(await home.at(uniqueName('layout')))
    const back = path.join(await home.at(uniqueName('back')), 'layout')

    await home.do(
      files.skopeo,
      'copy',
      ...as('dest'),
      `oci:${directory}:latest`,
      `${host(servers[0])}/${name}:v1`,
    )
    await home.do(files.skopeo, 'copy', ...as('src'), `${host(servers[1])}/${name}:v1`, `oci:${back}:latest`)

    expect(await layersInLayout(back)).toEqual(layers)
  })

  test('a blob of many parts arrives whole, and is read from anywhere in it', async () => {
    const mine = openRepository(here, newName())
    const large = await mine.pushBlob(blob(30_000_000))

    const whole = await there.get(mine.at(`blobs/${large.digest}`))
    const part = await there.get(mine.at(`blobs/${large.digest}`), { Range: 'bytes=8388600-8388700' })

    expect(whole.body.equals(large.bytes)).toBe(true)
    expect(part.status).toBe(206)
    expect(part.body.equals(large.bytes.subarray(8_388_600, 8_388_701))).toBe(true)
  })

  test('an upload begun here goes on there, chunk by chunk', async () => {
    const mine = openRepository(here, newName())
    const content = blob(20_000_000)
    let location = await mine.startUpload()

    for (const [index, start] of [0, 7_000_000, 7_000_100, 14_000_000].entries()) {
      const end = [7_000_000, 7_000_100, 14_000_000, 20_000_000][index] ?? 0
      const answer = await (index % 2 === 0 ? here : there).send({
        method: 'PATCH',
        path: location,
        headers: { 'Content-Range': `${start}-${end - 1}` },
        body: content.bytes.subarray(start, end),
      })
      expect(answer.status).toBe(202)
      location = locationOf(answer)
    }
    const closed = await there.send({ method: 'PUT', path: withQuery(location, { digest: content.digest }) })
    const pulled = await here.get(mine.at(`blobs/${content.digest}`))

    expect(closed.status).toBe(201)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('an upload whose server was killed goes on at the other one', async () => {
    const mine = openRepository(here, newName())
    const content = blob(13_000_000)
    const [first] = servers
    const begun = await here.send({
      method: 'PATCH',
      path: await mine.startUpload(),
      headers: { 'Content-Range': '0-8999999' },
      body: content.bytes.subarray(0, 9_000_000),
    })

    await first?.kill()
    const rest = await there.send({
      method: 'PATCH',
      path: locationOf(begun),
      headers: { 'Content-Range': '9000000-12999999' },
      body: content.bytes.subarray(9_000_000),
    })
    const closed = await there.send({
      method: 'PUT',
      path: withQuery(locationOf(rest), { digest: content.digest }),
    })
    const pulled = await there.get(mine.at(`blobs/${content.digest}`))
    await first?.restart()

    expect(closed.status).toBe(201)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('bucket and database agree, says who reads both on his own', async () => {
    const { code, stdout, stderr } = await portolan(['scrub', '--report', '--rehash'], {
      cwd: await home.at('scrub'),
      env: { ...env, PORTOLAN_DATA_DIRECTORY: servers[0]?.dataDirectory ?? '' },
    })

    expect(stdout + stderr).toContain('store and database agree')
    expect(code).toBe(0)
  })
})
