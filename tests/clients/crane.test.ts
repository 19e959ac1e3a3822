import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { useHome } from '../harness/home.ts'
import { json } from '../harness/http.ts'
import { layersInLayout, layersInRegistry } from '../harness/layers.ts'
import { tarball, writeLayout } from '../harness/layout.ts'
import { usePeople } from '../harness/people.ts'
import { type User, uniqueName } from '../harness/project.ts'
import { useSite } from '../harness/site.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('crane')

describeWith('crane', tools, (files) => {
  const site = useSite()
  const people = usePeople(site)
  const home = useHome()

  const run = (...args: string[]) => home.run(files.crane, ...args)
  const crane = (...args: string[]) => home.do(files.crane, ...args)
  const login = (user: User = people.maintainer, password = user.password) =>
    run('auth', 'login', site.host, '--username', user.username, '--password', password)
  const newName = () => `${site.host}/${site.project}/${uniqueName('crane')}`
  const plain = (name: string) => name.slice(site.host.length + 1)

  async function pushed(name: string, ...architectures: string[]) {
    await login()
    const layout = await writeLayout(
      await home.at(uniqueName('layout')),
      architectures.length === 0 ? undefined : architectures,
    )
    await crane('push', layout.directory, `${name}:v1`)
    return layout
  }

  test('pushes a layout and pulls it back without changing a byte', async () => {
    const name = newName()
    const { layers } = await pushed(name)
    const back = path.join(await home.at(uniqueName('back')), 'layout')

    await crane('pull', '--format', 'oci', `${name}:v1`, back)

    expect(await layersInLayout(back)).toEqual(layers)
  })

  test('pushes an index of several architectures', async () => {
    const name = newName()

    const { layers } = await pushed(name, 'amd64', 'arm64')
    const config: unknown = JSON.parse(await crane('config', '--platform', 'linux/arm64', `${name}:v1`))

    expect(await layersInRegistry(site.registry, plain(name), 'v1')).toEqual(layers)
    expect(config).toMatchObject({ architecture: 'arm64' })
  })

  test('finds every part of an image valid', async () => {
    const name = newName()
    await pushed(name)

    const ended = await run('validate', '--remote', `${name}:v1`)

    expect(ended.code, ended.stderr).toBe(0)
  })

  test('lists tags, tells digests, and reads manifests and blobs', async () => {
    const name = newName()
    const { layers } = await pushed(name)
    await crane('tag', `${name}:v1`, 'v2')
    const kept = await site.registry.get(`/v2/${plain(name)}/manifests/v2`)
    const digest = String(kept.headers['docker-content-digest'])
    const first = (json(kept) as { layers: { digest: string; size: number }[] }).layers[0]

    const listed = await crane('ls', name)
    const told = await crane('digest', `${name}:v2`)
    const manifest = await crane('manifest', `${name}@${digest}`)
    const size = (await crane('export', `${name}:v1`, '-')).length

    expect(listed.trim().split('\n')).toEqual(['v1', 'v2'])
    expect(told.trim()).toBe(digest)
    expect(manifest).toBe(kept.body.toString('utf8'))
    expect(first?.size).toBe(layers[0]?.length)
    expect(size).toBeGreaterThan(1000)
  })

  test('copies to another repository by mounting', async () => {
    const source = newName()
    const target = newName()
    const { layers } = await pushed(source)

    const ended = await run('copy', '--verbose', `${source}:v1`, `${target}:v1`)

    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stderr).toContain('mount=')
    expect(await layersInRegistry(site.registry, plain(target), 'v1')).toEqual(layers)
  })

  test('adds a label and a layer', async () => {
    const name = newName()
    const { layers } = await pushed(name)
    const added = await tarball(await home.at(uniqueName('layer')))
    const file = path.join(await home.at(uniqueName('layer')), 'layer.tgz')
    await writeFile(file, added.bytes)

    await crane('mutate', `${name}:v1`, '--label', 'org.example.a=b', '--tag', `${name}:labelled`)
    await crane('append', '--base', `${name}:v1`, '--new_layer', file, '--new_tag', `${name}:longer`)
    const config: unknown = JSON.parse(await crane('config', `${name}:labelled`))

    expect(config).toMatchObject({ config: { Labels: { 'org.example.a': 'b' } } })
    expect(await layersInRegistry(site.registry, plain(name), 'longer')).toHaveLength(layers.length + 1)
  })

  test('appends an image to an index', async () => {
    const name = newName()
    await pushed(name, 'amd64', 'arm64')
    const other = newName()
    await pushed(other)

    await crane('index', 'append', `${name}:v1`, '--manifest', `${other}:v1`, '--tag', `${name}:v2`)
    const kept = json(await site.registry.get(`/v2/${plain(name)}/manifests/v2`))

    expect((kept as { manifests: unknown[] }).manifests).toHaveLength(3)
  })

  test('deletes a manifest by its digest', async () => {
    const name = newName()
    await pushed(name)
    const digest = (await crane('digest', `${name}:v1`)).trim()

    await crane('delete', `${name}@${digest}`)
    const ended = await run('digest', `${name}:v1`)

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toMatch(/404|MANIFEST_UNKNOWN/)
  })

  test('is told that a password is wrong', async () => {
    await login(people.maintainer, 'wrong')

    const ended = await run('ls', newName())

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toMatch(/UNAUTHORIZED/i)
  })

  test('is told that a guest may not push', async () => {
    const name = newName()
    const { directory } = await pushed(name)
    await login(people.guest)

    const ended = await run('push', directory, `${name}:v2`)

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toMatch(/DENIED|UNAUTHORIZED/)
  })
})
