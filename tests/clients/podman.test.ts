import { expect, test } from 'vitest'
import { useEngine } from '../harness/engine.ts'
import { useHome } from '../harness/home.ts'
import { layersInRegistry, unpacked } from '../harness/layers.ts'
import { usePeople } from '../harness/people.ts'
import { administrator, createProject, type User, uniqueName } from '../harness/project.ts'
import { useSite } from '../harness/site.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('podman')

describeWith('podman', tools, (files) => {
  const site = useSite()
  const people = usePeople(site)
  const home = useHome()
  const podman = useEngine(home, files.podman)

  const newName = () => `${site.project}/${uniqueName('podman')}`
  const login = (user: User, password = user.password) =>
    podman.run('login', '--tls-verify=false', '--username', user.username, '--password', password, site.host)
  const push = (name: string) => podman.run('push', '--tls-verify=false', `${site.host}/${name}`)
  const pull = (name: string) => podman.run('pull', '--tls-verify=false', `${site.host}/${name}`)

  test('logs in with the right password', async () => {
    const ended = await login(people.maintainer)

    expect(ended.stdout).toContain('Login Succeeded')
    expect(ended.code).toBe(0)
  })

  test('is told when the password is wrong', async () => {
    const ended = await login(people.maintainer, 'wrong')

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toMatch(/invalid username\/password|unauthorized/i)
  })

  test('pulls back every byte of an image that it has built and pushed', async () => {
    const name = `${newName()}:v1`
    await login(people.maintainer)
    await podman.build(`${site.host}/${name}`)
    const built = await podman.storedLayers(`${site.host}/${name}`)

    const pushed = await push(name)
    await podman.do('rmi', `${site.host}/${name}`)
    const pulled = await pull(name)
    const stored = await podman.storedLayers(`${site.host}/${name}`)

    expect(pushed.code, pushed.stderr).toBe(0)
    expect(pulled.code, pulled.stderr).toBe(0)
    expect(built).toHaveLength(2)
    expect(Buffer.concat(stored).equals(Buffer.concat(built))).toBe(true)
  })

  test('leaves the same layers in the registry as it has itself', async () => {
    const name = newName()
    await login(people.maintainer)
    await podman.build(`${site.host}/${name}:v1`)

    await push(`${name}:v1`)
    const built = await podman.storedLayers(`${site.host}/${name}:v1`)
    const kept = await layersInRegistry(site.registry, name, 'v1')

    expect(Buffer.concat(kept.map(unpacked)).equals(Buffer.concat(built))).toBe(true)
  })

  test('uploads nothing again that is there already', async () => {
    const name = newName()
    await login(people.maintainer)
    await podman.build(`${site.host}/${name}:v1`)
    await push(`${name}:v1`)
    await podman.do('tag', `${site.host}/${name}:v1`, `${site.host}/${name}:v2`)

    const again = await podman.run(
      '--log-level=debug',
      'push',
      '--tls-verify=false',
      `${site.host}/${name}:v2`,
    )

    expect(again.code, again.stderr).toBe(0)
    expect(again.stderr).toContain('already exists')
    expect(again.stderr).not.toContain('PATCH')
  })

  test('pushes and pulls a Docker image', async () => {
    const name = newName()
    await login(people.maintainer)
    await podman.build(`${site.host}/${name}:v1`)

    const pushed = await podman.run(
      'push',
      '--tls-verify=false',
      '--format',
      'v2s2',
      `${site.host}/${name}:v1`,
    )
    const head = await site.registry.head(`/v2/${name}/manifests/v1`)
    const pulled = await pull(`${name}:v1`)

    expect(pushed.code, pushed.stderr).toBe(0)
    expect(head.headers['content-type']).toBe('application/vnd.docker.distribution.manifest.v2+json')
    expect(pulled.code, pulled.stderr).toBe(0)
  })

  test('pushes a list of images for two architectures and pulls the one of its machine', async () => {
    const name = newName()
    const list = uniqueName('localhost/list')
    await login(people.maintainer)
    await podman.do('manifest', 'create', list)
    for (const architecture of ['amd64', 'arm64']) {
      await podman.build(`localhost/${architecture}`, architecture)
      await podman.do('manifest', 'add', list, `containers-storage:localhost/${architecture}`)
    }

    const target = `docker://${site.host}/${name}:multi`
    const pushed = await podman.run('manifest', 'push', '--all', '--tls-verify=false', list, target)
    const pulled = await podman.run(
      'pull',
      '--tls-verify=false',
      '--arch',
      'arm64',
      `${site.host}/${name}:multi`,
    )
    const stored = await podman.storedLayers(`${site.host}/${name}:multi`)
    const built = await podman.storedLayers('localhost/arm64')

    expect(pushed.code, pushed.stderr).toBe(0)
    expect(pulled.code, pulled.stderr).toBe(0)
    expect(await layersInRegistry(site.registry, name, 'multi')).toHaveLength(4)
    expect(Buffer.concat(stored).equals(Buffer.concat(built))).toBe(true)
  })

  test('is told that a guest may not push', async () => {
    const name = `${newName()}:v1`
    await login(people.guest)
    await podman.build(`${site.host}/${name}`)

    const ended = await push(name)

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toMatch(/denied|unauthorized/i)
  })

  test('is told the same of an image that a stranger may not see as of one that does not exist', async () => {
    const name = newName()
    await login(people.maintainer)
    await podman.build(`${site.host}/${name}:v1`)
    await push(`${name}:v1`)
    await login(people.stranger)

    const hidden = await pull(`${name}:v1`)
    const missing = await pull(`${name}-not:v1`)

    expect(hidden.code).not.toBe(0)
    expect(hidden.stderr.replaceAll(name, 'NAME')).toBe(missing.stderr.replaceAll(`${name}-not`, 'NAME'))
  })

  test('pulls a public image without logging in', async () => {
    const project = await createProject(site.server, { public: true })
    const name = `${project.name}/app:v1`
    await login(administrator(site.server))
    await podman.build(`${site.host}/${name}`)
    await push(name)
    await podman.do('rmi', `${site.host}/${name}`)
    await podman.do('logout', site.host)

    const ended = await pull(name)

    expect(ended.code, ended.stderr).toBe(0)
  })
})
