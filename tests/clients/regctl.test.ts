import path from 'node:path'
import { expect, test } from 'vitest'
import { useHome } from '../harness/home.ts'
import { json } from '../harness/http.ts'
import { layersInLayout, layersInRegistry } from '../harness/layers.ts'
import { writeLayout } from '../harness/layout.ts'
import { usePeople } from '../harness/people.ts'
import { type User, uniqueName } from '../harness/project.ts'
import { useSite } from '../harness/site.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('regctl')

describeWith('regctl', tools, (files) => {
  const site = useSite()
  const people = usePeople(site)
  const home = useHome()

  const as = (user: User, ...args: string[]) => [
    ...args,
    '--host',
    `reg=${site.host},user=${user.username},pass=${user.password},tls=disabled`,
  ]
  const run = (...args: string[]) => home.run(files.regctl, ...as(people.maintainer, ...args))
  const regctl = (...args: string[]) => home.do(files.regctl, ...as(people.maintainer, ...args))
  const putText = (text: string, ...args: string[]) =>
    home.feed(text, files.regctl, ...as(people.maintainer, 'artifact', 'put', ...args))
  const newName = () => `${site.host}/${site.project}/${uniqueName('regctl')}`
  const plain = (name: string) => name.slice(site.host.length + 1)

  async function pushed(name: string, ...architectures: string[]) {
    const layout = await writeLayout(
      await home.at(uniqueName('layout')),
      architectures.length === 0 ? undefined : architectures,
    )
    await regctl('image', 'copy', `ocidir://${layout.directory}:latest`, `${name}:v1`)
    return layout
  }

  test('copies an image here and back without changing a byte', async () => {
    const name = newName()
    const { layers } = await pushed(name, 'amd64', 'arm64')
    const back = path.join(await home.at(uniqueName('back')), 'layout')

    await regctl('image', 'copy', `${name}:v1`, `ocidir://${back}:latest`)

    expect(await layersInLayout(back)).toEqual(layers)
  })

  test('copies between repositories', async () => {
    const source = newName()
    const target = newName()
    const { layers } = await pushed(source)

    await regctl('image', 'copy', `${source}:v1`, `${target}:v1`)

    expect(await layersInRegistry(site.registry, plain(target), 'v1')).toEqual(layers)
  })

  test('pushes large blobs in chunks', async () => {
    const name = newName()
    await regctl(
      'registry',
      'set',
      site.host,
      '--tls',
      'disabled',
      '--blob-max',
      '10000',
      '--blob-chunk',
      '10000',
      '--skip-check',
    )

    const { layers } = await pushed(name)
    await regctl('registry', 'set', site.host, '--tls', 'disabled', '--blob-max', '-1', '--skip-check')

    expect(await layersInRegistry(site.registry, plain(name), 'v1')).toEqual(layers)
  })

  test('lists tags and removes one without the others', async () => {
    const name = newName()
    await pushed(name)
    await regctl('image', 'copy', `${name}:v1`, `${name}:v2`)

    const before = await regctl('tag', 'ls', name)
    await regctl('tag', 'rm', `${name}:v1`)
    const after = await regctl('tag', 'ls', name)

    expect(before.trim().split('\n')).toEqual(['v1', 'v2'])
    expect(after.trim().split('\n')).toEqual(['v2'])
  })

  test('deletes a manifest by its digest', async () => {
    const name = newName()
    await pushed(name)
    const digest = (await regctl('image', 'digest', `${name}:v1`)).trim()

    await regctl('manifest', 'delete', `${name}@${digest}`)
    const answer = await site.registry.head(`/v2/${plain(name)}/manifests/v1`)

    expect(answer.status).toBe(404)
  })

  test('pushes an artifact and gets its content back', async () => {
    const name = newName()

    await putText('some text', '--artifact-type', 'application/vnd.example.text', `${name}:text`)
    const back = await regctl('artifact', 'get', `${name}:text`)

    expect(back).toBe('some text')
  })

  test('attaches artifacts to an image and finds them by their type', async () => {
    const name = newName()
    await pushed(name)
    await putText('a report', '--artifact-type', 'application/vnd.example.report', '--subject', `${name}:v1`)
    await putText(
      'a signature',
      '--artifact-type',
      'application/vnd.example.signature',
      '--subject',
      `${name}:v1`,
    )

    const all = JSON.parse(
      await regctl('artifact', 'list', `${name}:v1`, '--format', '{{jsonPretty .}}'),
    ) as {
      descriptors?: unknown[]
    }
    const report = await regctl(
      'artifact',
      'get',
      '--subject',
      `${name}:v1`,
      '--filter-artifact-type',
      'application/vnd.example.report',
    )
    const tree = await regctl('artifact', 'tree', `${name}:v1`)

    expect(all.descriptors).toHaveLength(2)
    expect(report).toBe('a report')
    expect(tree).toContain('application/vnd.example.signature')
  })

  test('leaves no tag of the fallback scheme behind, because referrers are served here', async () => {
    const name = newName()
    await pushed(name)
    await putText('a report', '--artifact-type', 'application/vnd.example.report', '--subject', `${name}:v1`)

    const tags = json(await site.registry.get(`/v2/${plain(name)}/tags/list`))

    expect(tags).toMatchObject({ tags: ['v1'] })
  })

  test('copies an image with all that refers to it', async () => {
    const source = newName()
    const target = newName()
    await pushed(source)
    await putText(
      'a report',
      '--artifact-type',
      'application/vnd.example.report',
      '--subject',
      `${source}:v1`,
    )

    await regctl('image', 'copy', '--referrers', `${source}:v1`, `${target}:v1`)
    const report = await regctl('artifact', 'get', '--subject', `${target}:v1`)

    expect(report).toBe('a report')
  })

  test('is told that a password is wrong', async () => {
    const stranger = { username: people.maintainer.username, password: 'wrong' }

    const ended = await home.run(files.regctl, ...as(stranger, 'tag', 'ls', newName()))

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toMatch(/unauthorized/i)
  })

  test('is told that a guest may not push', async () => {
    const name = newName()
    const { directory } = await pushed(name)

    const copy = ['image', 'copy', `ocidir://${directory}:latest`, `${name}:v2`]
    const ended = await home.run(files.regctl, ...as(people.guest, ...copy))

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toMatch(/unauthorized|denied|forbidden/i)
  })

  test('is told that an image is not there', async () => {
    const ended = await run('image', 'digest', `${newName()}:none`)

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toMatch(/not found/i)
  })
})
