import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { useHome } from '../harness/home.ts'
import { layersInLayout } from '../harness/layers.ts'
import { usePeople } from '../harness/people.ts'
import { uniqueName } from '../harness/project.ts'
import { useSite } from '../harness/site.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('umoci', 'skopeo')

describeWith('umoci', tools, (files) => {
  const site = useSite()
  const people = usePeople(site)
  const home = useHome()

  const umoci = (...args: string[]) => home.do(files.umoci, ...args)
  const skopeo = (...args: string[]) => home.do(files.skopeo, ...args)
  const credentials = () => `${people.maintainer.username}:${people.maintainer.password}`

  test('builds an image that travels here and back and unpacks to the same files', async () => {
    const work = await home.at(uniqueName('umoci'))
    const layout = path.join(work, 'image')
    const back = path.join(work, 'back')
    await umoci('init', '--layout', layout)
    await umoci('new', '--image', `${layout}:v1`)
    for (const name of ['one', 'two']) {
      await writeFile(path.join(work, name), `content of ${name} ${uniqueName('x')}`)
      await umoci('insert', '--rootless', '--image', `${layout}:v1`, path.join(work, name), `/${name}`)
    }

    const remote = `docker://${site.host}/${site.project}/${uniqueName('umoci')}:v1`
    await skopeo('copy', '--dest-tls-verify=false', '--dest-creds', credentials(), `oci:${layout}:v1`, remote)
    await skopeo('copy', '--src-tls-verify=false', '--src-creds', credentials(), remote, `oci:${back}:v1`)
    await umoci('unpack', '--rootless', '--image', `${back}:v1`, path.join(work, 'bundle'))

    expect(await layersInLayout(back)).toHaveLength(2)
    for (const name of ['one', 'two']) {
      const unpacked = await readFile(path.join(work, 'bundle', 'rootfs', name))
      expect(unpacked.equals(await readFile(path.join(work, name)))).toBe(true)
    }
  })
})
