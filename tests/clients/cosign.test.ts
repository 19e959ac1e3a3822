import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { Descriptor } from '../harness/content.ts'
import { useHome } from '../harness/home.ts'
import { json } from '../harness/http.ts'
import { usePeople } from '../harness/people.ts'
import { uniqueName } from '../harness/project.ts'
import { openRepository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('cosign')

/** No transparency log, no time stamps, no trust root from the network: a key and the registry alone. */
const offline = ['--use-signing-config=false', '--tlog-upload=false', '--yes']
const overHttp = ['--allow-http-registry', '--allow-insecure-registry']

describeWith('cosign', tools, (files) => {
  const site = useSite()
  const people = usePeople(site)
  const home = useHome({ COSIGN_PASSWORD: 'secret of the key', COSIGN_YES: 'true' })

  const run = (...args: string[]) => home.run(files.cosign, ...args)
  const cosign = (...args: string[]) => home.do(files.cosign, ...args)
  let keys = ''

  beforeAll(async () => {
    keys = path.join(await home.at('keys'), 'test')
    await cosign('generate-key-pair', '--output-key-prefix', keys)
    await cosign('login', site.host, '-u', people.maintainer.username, '-p', people.maintainer.password)
  })

  async function pushedImage() {
    const repository = openRepository(site.registry, `${site.project}/${uniqueName('cosign')}`)
    const { manifest } = await repository.pushImage('v1')
    return { repository, manifest, reference: `${site.host}/${repository.name}@${manifest.digest}` }
  }

  async function referrersOf(repository: string, digest: string): Promise<Descriptor[]> {
    const answer = await site.registry.get(`/v2/${repository}/referrers/${digest}`)
    return (json(answer) as { manifests: Descriptor[] }).manifests
  }

  interface Listed {
    type: string
    digest: string
    subject_artifact_digest: string
  }

  /** What REST says of an image: its accessories, and what its repository lists. */
  async function shownOf(name: string, digest: string) {
    const [project = '', ...rest] = name.split('/')
    const artifacts = `/api/v2.0/projects/${project}/repositories/${encodeURIComponent(rest.join('/'))}/artifacts`
    const get = async <T>(path: string) => json(await site.registry.get(`${artifacts}${path}`)) as T
    return {
      accessories: await get<Listed[]>(`/${digest}/accessories`),
      image: await get<{ accessories: Listed[] | null }>(`/${digest}?with_accessory=true`),
      listed: await get<{ digest: string; accessories: Listed[] | null }[]>('?with_accessory=true'),
    }
  }

  const verify = (reference: string, key = `${keys}.pub`) =>
    run('verify', '--key', key, '--insecure-ignore-tlog', ...overHttp, reference)

  test('signs an image with a key and verifies it', async () => {
    const { reference } = await pushedImage()

    await cosign('sign', '--key', `${keys}.key`, ...offline, ...overHttp, reference)
    const ended = await verify(reference)

    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stdout + ended.stderr).toContain('signatures were verified')
  })

  test('does not verify with another key, nor an image without a signature', async () => {
    const { reference } = await pushedImage()
    const unsigned = await pushedImage()
    const other = path.join(await home.at('other-keys'), 'other')
    await cosign('generate-key-pair', '--output-key-prefix', other)
    await cosign('sign', '--key', `${keys}.key`, ...offline, ...overHttp, reference)

    const wrongKey = await verify(reference, `${other}.pub`)
    const noSignature = await verify(unsigned.reference)

    expect(wrongKey.code).not.toBe(0)
    expect(noSignature.code).not.toBe(0)
    expect(noSignature.stderr).toMatch(/no (matching )?signatures/i)
  })

  test('leaves its signature where the referrers of the image find it', async () => {
    const { repository, manifest, reference } = await pushedImage()

    await cosign('sign', '--key', `${keys}.key`, ...offline, ...overHttp, reference)
    const found = await referrersOf(repository.name, manifest.digest)

    expect(found).toHaveLength(1)
    expect(found[0]?.artifactType).toMatch(/sigstore|cosign/)
  })

  test('attests to an image and verifies the attestation', async () => {
    const { repository, manifest, reference } = await pushedImage()
    const predicate = path.join(await home.at(uniqueName('predicate')), 'predicate.json')
    await writeFile(predicate, '{"tested":"yes"}')

    await cosign(
      'attest',
      '--key',
      `${keys}.key`,
      '--type',
      'custom',
      '--predicate',
      predicate,
      ...offline,
      ...overHttp,
      reference,
    )
    const ended = await run(
      'verify-attestation',
      '--key',
      `${keys}.pub`,
      '--type',
      'custom',
      '--insecure-ignore-tlog',
      ...overHttp,
      reference,
    )

    expect(ended.code, ended.stderr).toBe(0)
    expect(await referrersOf(repository.name, manifest.digest)).toHaveLength(1)
    expect((await shownOf(repository.name, manifest.digest)).accessories).toMatchObject([
      { type: 'attestation.cosign', subject_artifact_digest: manifest.digest },
    ])
  })

  test('shows signature and attestation in its tree', async () => {
    const { reference } = await pushedImage()
    await cosign('sign', '--key', `${keys}.key`, ...offline, ...overHttp, reference)

    const tree = await cosign('tree', ...overHttp, reference)

    expect(tree).toMatch(/signature|sigstore/i)
  })

  test('leaves a signature that is an accessory of the image and no artifact of its own', async () => {
    const { repository, manifest, reference } = await pushedImage()

    await cosign('sign', '--key', `${keys}.key`, ...offline, ...overHttp, reference)
    const { accessories, image, listed } = await shownOf(repository.name, manifest.digest)

    expect(accessories).toMatchObject([
      { type: 'signature.cosign', subject_artifact_digest: manifest.digest },
    ])
    expect(image.accessories).toEqual(accessories)
    expect(listed).toMatchObject([{ digest: manifest.digest, accessories }])
  })

  test('leaves one by a tag that is an accessory too, and goes when the image goes', async () => {
    const { repository, manifest, reference } = await pushedImage()
    const work = await home.at(uniqueName('payload'))
    const [payload, signature] = [path.join(work, 'payload.json'), path.join(work, 'signature')]
    await writeFile(payload, await cosign('generate', ...overHttp, reference))
    await cosign(
      'sign-blob',
      '--key',
      `${keys}.key`,
      '--output-signature',
      signature,
      '--new-bundle-format=false',
      ...offline,
      payload,
    )

    await cosign(
      'attach',
      'signature',
      '--payload',
      payload,
      '--signature',
      signature,
      ...overHttp,
      reference,
    )
    const { accessories, image, listed } = await shownOf(repository.name, manifest.digest)
    await site.registry.send({ method: 'DELETE', path: repository.at(`manifests/${manifest.digest}`) })
    const tags = json(await site.registry.get(repository.at('tags/list')))

    expect(accessories).toMatchObject([
      { type: 'signature.cosign', subject_artifact_digest: manifest.digest },
    ])
    expect(image.accessories).toEqual(accessories)
    expect(listed.map(({ digest }) => digest)).toEqual([manifest.digest])
    expect(tags).toMatchObject({ tags: [] })
  })
})
