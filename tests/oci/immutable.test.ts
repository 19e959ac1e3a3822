import { beforeEach, expect, test } from 'vitest'
import { json } from '../harness/http.ts'
import { createProject, openAsAdministrator, type Project, uniqueName } from '../harness/project.ts'
import { codesOf, type Registry } from '../harness/registry.ts'
import { openRepository, type Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()

let admin: Registry
let project: Project
let repository: Repository

beforeEach(async () => {
  admin = openAsAdministrator(site.server)
  project = await createProject(site.server)
  repository = openRepository(admin, `${project.name}/${uniqueName('app')}`)
})

async function protect(pattern: string, kind = 'doublestar'): Promise<void> {
  const answer = await admin.send({
    method: 'POST',
    path: `/api/v2.0/projects/${project.id}/immutabletagrules`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
      tag_selectors: [{ kind, decoration: 'matches', pattern }],
    }),
  })
  expect(answer.status).toBe(201)
}

test('an immutable tag is neither moved nor deleted, over /v2 and over REST', async () => {
  const { manifest } = await repository.pushImage('v1.0.0')
  await protect('>=1.0.0', 'semver')
  const other = await repository.pushImage()

  const moved = await repository.putManifest(other.manifest, 'v1.0.0')
  const again = await repository.putManifest(manifest, 'v1.0.0')
  const untagged = await admin.send({ method: 'DELETE', path: repository.at('manifests/v1.0.0') })
  const deleted = await admin.send({ method: 'DELETE', path: repository.at(`manifests/${manifest.digest}`) })
  const named = await admin.get(repository.at('manifests/v1.0.0'))

  expect([moved.status, again.status, untagged.status, deleted.status]).toEqual([412, 201, 412, 412])
  expect(codesOf(moved)).toEqual(['PRECONDITION'])
  expect(named.headers['docker-content-digest']).toBe(manifest.digest)
})

test('what refers to an immutable image can be attached to it, and readers see that it is one', async () => {
  const { manifest } = await repository.pushImage('v1')
  await protect('v*')

  await repository.pushReferrer(manifest)
  await repository.pushReferrer(manifest, { annotations: { of: 'another' } })
  const app = repository.name.slice(project.name.length + 1)
  const path = `/api/v2.0/projects/${project.name}/repositories/${app}/artifacts/v1?with_immutable_status=true`

  expect(json(await admin.get(path))).toMatchObject({ tags: [{ name: 'v1', immutable: true }] })
})
