import { expect, test } from 'vitest'
import { useEngine } from '../harness/engine.ts'
import { useHome } from '../harness/home.ts'
import { json } from '../harness/http.ts'
import { layersInRegistry, unpacked } from '../harness/layers.ts'
import { usePeople } from '../harness/people.ts'
import { uniqueName } from '../harness/project.ts'
import { useSite } from '../harness/site.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('buildah')

describeWith('buildah', tools, (files) => {
  const site = useSite()
  const people = usePeople(site)
  const home = useHome()
  const buildah = useEngine(home, files.buildah)

  const newName = () => `${site.project}/${uniqueName('buildah')}`
  const login = (password = people.maintainer.password) =>
    buildah.run(
      'login',
      '--tls-verify=false',
      '--username',
      people.maintainer.username,
      '--password',
      password,
      site.host,
    )

  test('logs in with the right password and not with a wrong one', async () => {
    const wrong = await login('wrong')
    const right = await login()

    expect(wrong.code).not.toBe(0)
    expect(right.code, right.stderr).toBe(0)
  })

  test('pulls back every byte of a container that it has committed and pushed', async () => {
    const name = `${site.host}/${newName()}:v1`
    await login()
    await buildah.build('localhost/base')
    const container = (await buildah.do('from', 'localhost/base')).trim()
    await buildah.do('config', '--label', 'org.example.a=b', container)
    await buildah.do('commit', '--quiet', container, name)
    const built = await buildah.storedLayers(name)

    await buildah.do('push', '--tls-verify=false', name)
    await buildah.do('rmi', name)
    await buildah.do('pull', '--tls-verify=false', name)
    const stored = await buildah.storedLayers(name)

    expect(built.length).toBeGreaterThan(1)
    expect(Buffer.concat(stored).equals(Buffer.concat(built))).toBe(true)
  })

  test('leaves an image that says how it was built and how it runs', async () => {
    const name = newName()
    await login()
    await buildah.build('localhost/base')
    const container = (await buildah.do('from', 'localhost/base')).trim()
    await buildah.do('config', '--label', 'org.example.a=b', '--author', 'ann', container)
    await buildah.do('commit', '--quiet', container, `${site.host}/${name}:v1`)
    await buildah.do('push', '--tls-verify=false', `${site.host}/${name}:v1`)
    const [project = '', repository = ''] = name.split('/')
    const artifact = `/api/v2.0/projects/${project}/repositories/${repository}/artifacts/v1`

    const shown = json(await site.registry.get(artifact))
    const history = json(await site.registry.get(`${artifact}/additions/build_history`)) as object[]

    expect(shown).toMatchObject({
      type: 'IMAGE',
      extra_attrs: { os: 'linux', author: 'ann', config: { Labels: { 'org.example.a': 'b' } } },
    })
    expect(history.length).toBeGreaterThan(0)
  })

  test('builds on an image that it pulls from here', async () => {
    const base = newName()
    const derived = newName()
    await login()
    await buildah.build(`${site.host}/${base}:v1`)
    await buildah.do('push', '--tls-verify=false', `${site.host}/${base}:v1`)
    await buildah.do('rmi', `${site.host}/${base}:v1`)

    const container = (await buildah.do('from', '--tls-verify=false', `${site.host}/${base}:v1`)).trim()
    await buildah.do('commit', '--quiet', container, `${site.host}/${derived}:v1`)
    await buildah.do('push', '--tls-verify=false', `${site.host}/${derived}:v1`)
    const before = await layersInRegistry(site.registry, base, 'v1')
    const after = await layersInRegistry(site.registry, derived, 'v1')

    expect(Buffer.concat(after.slice(0, 2).map(unpacked)).equals(Buffer.concat(before.map(unpacked)))).toBe(
      true,
    )
  })

  test('pushes a list of images for two architectures', async () => {
    const name = newName()
    const list = uniqueName('localhost/list')
    await login()
    await buildah.do('manifest', 'create', list)
    for (const architecture of ['amd64', 'arm64']) {
      await buildah.build(`localhost/${architecture}`, architecture)
      await buildah.do('manifest', 'add', list, `localhost/${architecture}`)
    }

    await buildah.do(
      'manifest',
      'push',
      '--all',
      '--tls-verify=false',
      list,
      `docker://${site.host}/${name}:multi`,
    )
    const kept = await layersInRegistry(site.registry, name, 'multi')

    expect(kept).toHaveLength(4)
  })
})
