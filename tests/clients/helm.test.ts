import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { useHome } from '../harness/home.ts'
import { json } from '../harness/http.ts'
import { usePeople } from '../harness/people.ts'
import { type User, uniqueName } from '../harness/project.ts'
import { useSite } from '../harness/site.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('helm')

describeWith('helm', tools, (files) => {
  const site = useSite()
  const people = usePeople(site)
  const home = useHome()

  const run = (...args: string[]) => home.run(files.helm, ...args)
  const helm = (...args: string[]) => home.do(files.helm, ...args)
  const login = (user: User, password = user.password) =>
    run('registry', 'login', '--plain-http', '-u', user.username, '-p', password, site.host)
  const charts = () => `oci://${site.host}/${site.project}/charts`

  async function packaged(name: string): Promise<string> {
    const work = await home.at(uniqueName('chart'))
    await helm('create', path.join(work, name))
    await helm('package', path.join(work, name), '--version', '1.2.3+build.1', '--destination', work)
    return path.join(work, `${name}-1.2.3+build.1.tgz`)
  }

  test('logs in with the right password', async () => {
    const ended = await login(people.maintainer)

    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stdout + ended.stderr).toContain('Login Succeeded')
  })

  test('is told when the password is wrong', async () => {
    const ended = await login(people.maintainer, 'wrong')

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toMatch(/401|unauthorized/i)
  })

  test('pushes a chart and pulls it back without changing a byte', async () => {
    const name = uniqueName('chart')
    const archive = await packaged(name)
    const back = await home.at(uniqueName('back'))
    await login(people.maintainer)

    await helm('push', '--plain-http', archive, charts())
    await helm(
      'pull',
      '--plain-http',
      `${charts()}/${name}`,
      '--version',
      '1.2.3+build.1',
      '--destination',
      back,
    )

    const pulled = await readFile(path.join(back, path.basename(archive)))
    expect(pulled.equals(await readFile(archive))).toBe(true)
  })

  test('shows a chart that lies here', async () => {
    const name = uniqueName('chart')
    await login(people.maintainer)
    await helm('push', '--plain-http', await packaged(name), charts())

    const shown = await helm('show', 'chart', '--plain-http', `${charts()}/${name}`)

    expect(shown).toContain(`name: ${name}`)
    expect(shown).toContain('version: 1.2.3+build.1')
  })

  test('leaves an artifact of the type of charts under a tag without a plus sign', async () => {
    const name = uniqueName('chart')
    await login(people.maintainer)
    await helm('push', '--plain-http', await packaged(name), charts())

    const repository = `/v2/${site.project}/charts/${name}`
    const tags = json(await site.registry.get(`${repository}/tags/list`))
    const manifest = json(await site.registry.get(`${repository}/manifests/1.2.3_build.1`))

    expect(tags).toMatchObject({ tags: ['1.2.3_build.1'] })
    expect(manifest).toMatchObject({ config: { mediaType: 'application/vnd.cncf.helm.config.v1+json' } })
  })

  test('leaves a chart that can be read about without pulling it', async () => {
    const name = uniqueName('chart')
    await login(people.maintainer)
    await helm('push', '--plain-http', await packaged(name), charts())
    const repository = encodeURIComponent(encodeURIComponent(`charts/${name}`))
    const artifact = `/api/v2.0/projects/${site.project}/repositories/${repository}/artifacts/1.2.3_build.1`

    const chart = json(await site.registry.get(artifact)) as {
      addition_links: Record<string, { href: string }>
    }
    const read = (addition: string) => site.registry.get(chart.addition_links[addition]?.href ?? '')
    const values = await read('values.yaml')
    const missing = await read('readme.md')
    const dependencies = await read('dependencies')

    expect(chart).toMatchObject({ type: 'CHART', extra_attrs: { name, version: '1.2.3+build.1' } })
    expect(values.body.toString('utf8')).toContain('replicaCount: 1')
    expect([missing.status, missing.body.toString('utf8')]).toEqual([200, ''])
    expect(json(dependencies)).toEqual([])
  })

  test('is told that a guest may not push', async () => {
    const archive = await packaged(uniqueName('chart'))
    await login(people.guest)

    const ended = await run('push', '--plain-http', archive, charts())

    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toMatch(/denied|unauthorized|forbidden/i)
  })
})
