import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blob } from '../harness/content.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../harness/directory.ts'
import { json } from '../harness/http.ts'
import { type ExternalDatabase, startDatabase } from '../harness/postgres.ts'
import {
  addMember,
  createProject,
  createUser,
  openAsAdministrator,
  type Project,
  uniqueName,
} from '../harness/project.ts'
import { locationOf, type Registry, withQuery } from '../harness/registry.ts'
import { openRepository, type Repository } from '../harness/repository.ts'
import { type RunningServer, startServer } from '../harness/server.ts'

let database: ExternalDatabase
let storage: TemporaryDirectory
let servers: RunningServer[] = []
let here: Registry
let there: Registry
let project: Project

beforeAll(async () => {
  database = await startDatabase()
  storage = await temporaryDirectory('storage')
  const env = {
    PORTOLAN_DATABASE_URL: database.url,
    PORTOLAN_STORAGE_FILESYSTEM_DIRECTORY: storage.path,
    PORTOLAN_SECRET_KEY: randomBytes(32).toString('base64'),
  }
  // At once, on an empty database: whoever comes second must wait for the schema of the first.
  servers = await Promise.all([startServer({ env }), startServer({ env })])
  const [first, second] = servers as [RunningServer, RunningServer]
  here = openAsAdministrator(first)
  there = openAsAdministrator(second)
  project = await createProject(first)
})

afterAll(async () => {
  await Promise.all(servers.map((server) => server.dispose()))
  await database?.stop()
  await storage?.remove()
})

/** The same repository, seen through both servers. */
function both(): [Repository, Repository] {
  const name = `${project.name}/${uniqueName('app')}`
  return [openRepository(here, name), openRepository(there, name)]
}

describe('two servers on one database and one directory', () => {
  test('pull at once what was pushed at the other', async () => {
    const [mine, theirs] = both()

    const { manifest, layers } = await mine.pushImage('v1')
    const pulled = await there.get(theirs.at('manifests/v1'))
    const layer = await there.get(theirs.at(`blobs/${layers[0]?.digest}`))

    expect(pulled.body.equals(manifest.bytes)).toBe(true)
    expect(layer.body.equals(layers[0]?.bytes ?? Buffer.alloc(0))).toBe(true)
  })

  test('never answer with where a tag stood before', async () => {
    const [mine, theirs] = both()

    for (let round = 0; round < 20; round += 1) {
      const [writer, reader] = round % 2 === 0 ? [mine, theirs] : [theirs, mine]
      const { manifest } = await writer.pushImage('latest')
      const answer = await reader.registry.get(reader.at('manifests/latest'))
      expect(answer.headers['docker-content-digest']).toBe(manifest.digest)
    }
  })

  test('have lost at once what was deleted at the other', async () => {
    const [mine, theirs] = both()
    const { manifest, layers } = await mine.pushImage('v1')
    await there.get(theirs.at('manifests/v1'))
    await there.get(theirs.at(`manifests/${manifest.digest}`))
    await there.get(theirs.at(`blobs/${layers[0]?.digest}`))

    await here.delete(mine.at(`manifests/${manifest.digest}`))
    await here.delete(mine.at(`blobs/${layers[0]?.digest}`))
    const answers = [
      await there.get(theirs.at('manifests/v1')),
      await there.get(theirs.at(`manifests/${manifest.digest}`)),
      await there.get(theirs.at(`blobs/${layers[0]?.digest}`)),
    ]
    const tags = await there.get(theirs.at('tags/list'))

    expect(answers.map((answer) => answer.status)).toEqual([404, 404, 404])
    expect(json(tags)).toMatchObject({ tags: [] })
  })

  test('list tags and referrers that came by the other', async () => {
    const [mine, theirs] = both()
    const { manifest } = await mine.pushImage('b')
    await theirs.pushManifest(manifest, 'a')
    const referrer = await theirs.pushReferrer(manifest)

    const tags = await here.get(mine.at('tags/list'))
    const referrers = await here.get(mine.at(`referrers/${manifest.digest}`))

    expect(json(tags)).toMatchObject({ tags: ['a', 'b'] })
    expect(json(referrers)).toMatchObject({ manifests: [{ digest: referrer.digest }] })
  })

  test('take the same blob at the same time', async () => {
    const [mine, theirs] = both()
    const content = blob(2_000_000)

    await Promise.all([mine, theirs, mine, theirs].map((repository) => repository.pushBlob(content)))
    const answers = await Promise.all(
      [mine, theirs].map((repository) => repository.registry.get(repository.at(`blobs/${content.digest}`))),
    )

    expect(answers.every((answer) => answer.body.equals(content.bytes))).toBe(true)
  })

  test('take tokens that the other has issued', async () => {
    const [mine, theirs] = both()
    await mine.pushImage('v1')
    const scope = encodeURIComponent(`repository:${mine.name}:pull`)
    const issued = json(await here.get(`/service/token?service=harbor-registry&scope=${scope}`)) as {
      token: string
    }

    const answer = await there.as({ token: issued.token }).get(theirs.at('manifests/v1'))

    expect(answer.status).toBe(200)
  })

  test('let a new member in at the other as well', async () => {
    const [mine, theirs] = both()
    await mine.pushImage('v1')
    const [first] = servers as [RunningServer]
    const user = await createUser(first)

    const before = await there.as(user).get(theirs.at('manifests/v1'))
    await addMember(first, project, user, 'guest')
    const after = await there.as(user).get(theirs.at('manifests/v1'))

    expect([401, 403]).toContain(before.status)
    expect(after.status).toBe(200)
  })
})

describe('an upload that was begun at one server', () => {
  test('is continued, looked at and closed at the other', async () => {
    const [mine, theirs] = both()
    const content = blob(3000)
    const first = await here.send({
      method: 'PATCH',
      path: await mine.startUpload(),
      headers: { 'Content-Range': '0-999' },
      body: content.bytes.subarray(0, 1000),
    })

    const state = await there.get(locationOf(first))
    const second = await there.send({
      method: 'PATCH',
      path: locationOf(state),
      headers: { 'Content-Range': '1000-1999' },
      body: content.bytes.subarray(1000, 2000),
    })
    const third = await here.send({
      method: 'PATCH',
      path: locationOf(second),
      headers: { 'Content-Range': '2000-2999' },
      body: content.bytes.subarray(2000),
    })
    const closed = await there.send({
      method: 'PUT',
      path: withQuery(locationOf(third), { digest: content.digest }),
    })
    const pulled = await here.get(theirs.at(`blobs/${content.digest}`))

    expect([state.status, second.status, third.status, closed.status]).toEqual([204, 202, 202, 201])
    expect(state.headers.range).toBe('0-999')
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('is closed at the other when all bytes came in one stream', async () => {
    const [mine, theirs] = both()
    const content = blob(5_000_000)
    const streamed = await here.send({ method: 'PATCH', path: await mine.startUpload(), body: content.bytes })

    const closed = await there.send({
      method: 'PUT',
      path: withQuery(locationOf(streamed), { digest: content.digest }),
    })
    const pulled = await there.get(theirs.at(`blobs/${content.digest}`))

    expect(closed.status).toBe(201)
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })

  test('with sha512 is closed at the other', async () => {
    const [mine] = both()
    const content = blob(50_000, undefined, 'sha512')
    const first = await here.send({
      method: 'PATCH',
      path: await mine.startUpload('?digest-algorithm=sha512'),
      body: content.bytes.subarray(0, 20_000),
    })

    const second = await there.send({
      method: 'PATCH',
      path: locationOf(first),
      body: content.bytes.subarray(20_000),
    })
    const closed = await there.send({
      method: 'PUT',
      path: withQuery(locationOf(second), { digest: content.digest }),
    })

    expect(closed.status).toBe(201)
  })

  test('is cancelled at the other', async () => {
    const [mine] = both()
    const location = await mine.startUpload()

    const cancelled = await there.delete(location)
    const state = await here.get(location)

    expect(cancelled.status).toBe(204)
    expect(state.status).toBe(404)
  })

  test('refuses a chunk out of order at the other', async () => {
    const [mine] = both()
    const content = blob(3000)
    const first = await here.send({
      method: 'PATCH',
      path: await mine.startUpload(),
      body: content.bytes.subarray(0, 1000),
    })

    const answer = await there.send({
      method: 'PATCH',
      path: locationOf(first),
      headers: { 'Content-Range': '2000-2999' },
      body: content.bytes.subarray(2000),
    })

    expect(answer.status).toBe(416)
  })
})

test('when one server is killed, the other goes on', async () => {
  const [mine, theirs] = both()
  const { manifest } = await mine.pushImage('v1')
  const [first] = servers as [RunningServer]

  await first.kill()
  const pulled = await there.get(theirs.at('manifests/v1'))
  const pushed = await theirs.pushImage('v2')
  await first.restart()
  const again = await openAsAdministrator(first).get(mine.at('manifests/v2'))

  expect(pulled.headers['docker-content-digest']).toBe(manifest.digest)
  expect(again.headers['docker-content-digest']).toBe(pushed.manifest.digest)
})
