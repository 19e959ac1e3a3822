import path from 'node:path'
import { expect, test } from 'vitest'
import { useHome } from '../harness/home.ts'
import { json } from '../harness/http.ts'
import { layersInDirectory, layersInLayout, layersInRegistry } from '../harness/layers.ts'
import { writeLayout } from '../harness/layout.ts'
import { usePeople } from '../harness/people.ts'
import { type User, uniqueName } from '../harness/project.ts'
import { useSite } from '../harness/site.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('skopeo')

describeWith('skopeo', tools, (files) => {
  const site = useSite()
  const people = usePeople(site)
  const home = useHome()

  const run = (...args: string[]) => home.run(files.skopeo, ...args)
  const skopeo = (...args: string[]) => home.do(files.skopeo, ...args)
  const newName = () => `${site.project}/${uniqueName('skopeo')}`
  const docker = (name: string) => `docker://${site.host}/${name}`
  const as = (side: 'src' | 'dest', user: User = people.maintainer) => [
    `--${side}-tls-verify=false`,
    `--${side}-creds=${user.username}:${user.password}`,
  ]
  const asMaintainer = () => [
    '--tls-verify=false',
    `--creds=${people.maintainer.username}:${people.maintainer.password}`,
  ]
  const newLayout = async (...architectures: string[]) =>
    writeLayout(await home.at(uniqueName('layout')), architectures.length === 0 ? undefined : architectures)

  test('logs in with the right password and not with a wrong one', async () => {
    const login = (password: string) =>
      run('login', '--tls-verify=false', '-u', people.maintainer.username, '-p', password, site.host)

    const wrong = await login('wrong')
    const right = await login(people.maintainer.password)
    await skopeo('logout', site.host)

    expect(wrong.code).not.toBe(0)
    expect(wrong.stderr).toMatch(/invalid username\/password|unauthorized/i)
    expect(right.code, right.stderr).toBe(0)
  })

  test('copies an image here and back without changing a byte', async () => {
    const name = newName()
    const { directory, layers } = await newLayout()
    const back = path.join(await home.at(uniqueName('back')), 'layout')

    await skopeo('copy', ...as('dest'), `oci:${directory}:latest`, docker(`${name}:v1`))
    await skopeo('copy', ...as('src'), docker(`${name}:v1`), `oci:${back}:latest`)

    expect(await layersInLayout(back)).toEqual(layers)
    expect(await layersInRegistry(site.registry, name, 'v1')).toEqual(layers)
  })

  test('a repository that was deleted and restored comes back without a changed byte', async () => {
    const name = newName()
    const { directory, layers } = await newLayout('amd64', 'arm64')
    const back = path.join(await home.at(uniqueName('back')), 'layout')
    await skopeo('copy', '--all', ...as('dest'), `oci:${directory}:latest`, docker(`${name}:v1`))
    const digest = () => skopeo('inspect', ...asMaintainer(), '--format', '{{.Digest}}', docker(`${name}:v1`))
    const before = await digest()
    const [project, repository] = name.split('/')
    const api = `/api/v2.0/projects/${project}`

    await site.registry.delete(`${api}/repositories/${repository}`)
    const gone = await run('inspect', ...asMaintainer(), docker(`${name}:v1`))
    const trash = json(await site.registry.get(`${api}/trash/repositories`)) as { id: number; name: string }[]
    const restored = await site.registry.send({
      method: 'POST',
      path: `${api}/trash/repositories/${trash.find((one) => one.name === name)?.id}/restore`,
    })
    await skopeo('copy', '--all', ...as('src'), docker(`${name}:v1`), `oci:${back}:latest`)

    expect(gone.code).not.toBe(0)
    expect(restored.status).toBe(200)
    expect(await layersInLayout(back)).toEqual(layers)
    expect(await digest()).toEqual(before)
  })

  test('copies all images of an index here and back', async () => {
    const name = newName()
    const { directory, layers } = await newLayout('amd64', 'arm64', 's390x')
    const back = path.join(await home.at(uniqueName('back')), 'layout')

    await skopeo('copy', '--all', ...as('dest'), `oci:${directory}:latest`, docker(`${name}:v1`))
    await skopeo('copy', '--all', ...as('src'), docker(`${name}:v1`), `oci:${back}:latest`)

    expect(layers).toHaveLength(6)
    expect(await layersInLayout(back)).toEqual(layers)
  })

  test('copies from repository to repository', async () => {
    const source = newName()
    const target = newName()
    const { directory, layers } = await newLayout()
    await skopeo('copy', ...as('dest'), `oci:${directory}:latest`, docker(`${source}:v1`))

    await skopeo('copy', ...as('src'), ...as('dest'), docker(`${source}:v1`), docker(`${target}:v2`))

    expect(await layersInRegistry(site.registry, target, 'v2')).toEqual(layers)
  })

  test('turns an image into the Docker format', async () => {
    const name = newName()
    const { directory } = await newLayout()

    await skopeo('copy', '--format', 'v2s2', ...as('dest'), `oci:${directory}:latest`, docker(`${name}:v1`))
    const head = await site.registry.head(`/v2/${name}/manifests/v1`)

    expect(head.headers['content-type']).toBe('application/vnd.docker.distribution.manifest.v2+json')
  })

  test('inspects an image, raw and explained', async () => {
    const name = newName()
    const { directory } = await newLayout()
    await skopeo('copy', ...as('dest'), `oci:${directory}:latest`, docker(`${name}:v1`))

    const explained: unknown = JSON.parse(await skopeo('inspect', ...asMaintainer(), docker(`${name}:v1`)))
    const raw = await skopeo('inspect', '--raw', ...asMaintainer(), docker(`${name}:v1`))
    const kept = await site.registry.get(`/v2/${name}/manifests/v1`)

    expect(explained).toMatchObject({
      Name: `${site.host}/${name}`,
      Digest: kept.headers['docker-content-digest'],
      RepoTags: ['v1'],
      Architecture: 'amd64',
    })
    expect(raw).toBe(kept.body.toString('utf8'))
  })

  test('lists tags', async () => {
    const name = newName()
    const { directory } = await newLayout()
    for (const tag of ['b', 'a', '1.0']) {
      await skopeo('copy', ...as('dest'), `oci:${directory}:latest`, docker(`${name}:${tag}`))
    }

    const listed: unknown = JSON.parse(await skopeo('list-tags', ...asMaintainer(), docker(name)))

    expect(listed).toEqual({ Repository: `${site.host}/${name}`, Tags: ['1.0', 'a', 'b'] })
  })

  test('synchronises a repository with all its tags to a directory and into another project path', async () => {
    const name = newName()
    const { directory, layers } = await newLayout()
    for (const tag of ['v1', 'v2']) {
      await skopeo('copy', ...as('dest'), `oci:${directory}:latest`, docker(`${name}:${tag}`))
    }
    const down = await home.at(uniqueName('down'))
    const target = `${site.project}/synced`

    await skopeo('sync', '--src', 'docker', '--dest', 'dir', ...as('src'), `${site.host}/${name}`, down)
    await skopeo('sync', '--src', 'dir', '--dest', 'docker', ...as('dest'), down, `${site.host}/${target}`)
    const base = path.posix.basename(name)

    expect(await layersInDirectory(path.join(down, `${base}:v2`))).toEqual(layers)
    expect(await layersInRegistry(site.registry, `${target}/${base}`, 'v1')).toEqual(layers)
  })

  test('deletes an image', async () => {
    const name = newName()
    const { directory } = await newLayout()
    await skopeo('copy', ...as('dest'), `oci:${directory}:latest`, docker(`${name}:v1`))

    await skopeo('delete', ...asMaintainer(), docker(`${name}:v1`))
    const answer = await site.registry.head(`/v2/${name}/manifests/v1`)

    expect(answer.status).toBe(404)
  })

  test('is told that a guest may not push', async () => {
    const { directory } = await newLayout()

    const ended = await run(
      'copy',
      ...as('dest', people.guest),
      `oci:${directory}:latest`,
      docker(`${newName()}:v1`),
    )

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toMatch(/denied|unauthorized/i)
  })

  test('is told that a tag does not exist', async () => {
    const name = newName()
    const { directory } = await newLayout()
    await skopeo('copy', ...as('dest'), `oci:${directory}:latest`, docker(`${name}:v1`))

    const ended = await run('inspect', ...asMaintainer(), docker(`${name}:v2`))

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toContain('manifest unknown')
  })
})
