import { expect } from 'vitest'
import { uniqueName } from '../../harness/project.ts'
import { openRepository } from '../../harness/repository.ts'
import type { CallOfRow, Row } from './row.ts'
import { ask, create, read, type World } from './world.ts'

/** The artifact exists, and not in this project: the other one has no repository of that name. */
const ELSEWHERE = (world: World) => ({ project_name: world.other.name })

interface Pushed {
  path: { project_name: string; repository_name: string; reference: string }
  digest: string
}

/** An image of its own, with the tags `v1` and `v2`, and a signature-like referrer. */
async function pushed(world: World): Promise<Pushed> {
  const repository_name = uniqueName('repo')
  const repository = openRepository(world.admin, `${world.project.name}/${repository_name}`)
  const { manifest } = await repository.pushImage('v1')
  await repository.pushManifest(manifest, 'v2')
  await repository.pushReferrer(manifest, { artifactType: 'application/vnd.cncf.notary.signature' })

  return {
    path: { project_name: world.project.name, repository_name, reference: 'v1' },
    digest: manifest.digest,
  }
}

async function ofPushed(world: World): Promise<CallOfRow> {
  return { path: (await pushed(world)).path }
}

function artifactOf({ path }: CallOfRow): string {
  return `/projects/${path?.project_name}/repositories/${path?.repository_name}/artifacts/${path?.reference}`
}

function makeLabel(world: World): Promise<number> {
  const body = { name: uniqueName('label'), scope: 'p', project_id: world.project.id }
  return create(world.admin, '/api/v2.0/labels', body)
}

/** Artifacts, their tags and labels. */
export const ARTIFACT_ROWS: Row[] = [
  {
    operation: 'listArtifactsOfProject',
    arrange: (world) => ({ path: { project_name_or_id: world.project.id }, query: { page_size: 50 } }),
    as: 'limitedGuest',
    refused: 'anonymous',
    wrongParent: () => ({ project_name_or_id: 'no-such-project' }),
    check: ({ body, world }) =>
      expect(body).toContainEqual(expect.objectContaining({ digest: world.project.digest })),
  },
  {
    operation: 'listArtifacts',
    arrange: async (world) => {
      const { project_name, repository_name } = (await pushed(world)).path
      return { path: { project_name, repository_name }, query: { with_accessory: 'true', q: 'tags=*' } }
    },
    as: 'limitedGuest',
    refused: 'stranger',
    wrongParent: () => ({ project_name: 'no-such-project' }),
    check: ({ body }) =>
      expect(body).toMatchObject([
        { type: 'IMAGE', tags: [{}, {}], accessories: [{ type: expect.any(String) }] },
      ]),
  },
  {
    operation: 'getArtifact',
    arrange: ofPushed,
    as: 'limitedGuest',
    refused: 'stranger',
    wrongParent: ELSEWHERE,
    check: ({ body, call }) =>
      expect(body).toMatchObject({
        repository_name: `${call.path?.project_name}/${call.path?.repository_name}`,
        extra_attrs: { architecture: 'amd64', os: 'linux' },
      }),
  },
  {
    operation: 'deleteArtifact',
    arrange: ofPushed,
    as: 'maintainer',
    refused: 'developer',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) =>
      expect((await world.admin.get(`/api/v2.0${artifactOf(call)}`)).status).toBe(404),
  },
  {
    operation: 'listTags',
    arrange: ofPushed,
    as: 'limitedGuest',
    refused: 'stranger',
    wrongParent: ELSEWHERE,
    check: ({ body }) =>
      expect((body as { name: string }[]).map(({ name }) => name).sort()).toEqual(['v1', 'v2']),
  },
  {
    operation: 'createTag',
    located: false,
    arrange: async (world) => ({ ...(await ofPushed(world)), body: { name: 'v3' } }),
    as: 'developer',
    refused: 'guest',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) =>
      expect(await read(world, `${artifactOf(call)}/tags?q=name=v3`)).toMatchObject([{ name: 'v3' }]),
  },
  {
    operation: 'deleteTag',
    arrange: async (world) => ({ path: { ...(await pushed(world)).path, tag_name: 'v2' } }),
    as: 'maintainer',
    refused: 'developer',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) =>
      expect(await read(world, `${artifactOf(call)}/tags`)).toMatchObject([{ name: 'v1' }]),
  },
  {
    operation: 'listAccessories',
    arrange: ofPushed,
    as: 'limitedGuest',
    refused: 'stranger',
    wrongParent: ELSEWHERE,
    check: ({ body, call }) =>
      expect(body).toMatchObject([
        { subject_artifact_repo: `${call.path?.project_name}/${call.path?.repository_name}` },
      ]),
  },
  {
    operation: 'addLabel',
    arrange: async (world) => ({ ...(await ofPushed(world)), body: { id: await makeLabel(world) } }),
    as: 'developer',
    refused: 'guest',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) =>
      expect(await read(world, `${artifactOf(call)}?with_label=true`)).toMatchObject({ labels: [call.body] }),
  },
  {
    operation: 'removeLabel',
    arrange: async (world) => {
      const { path } = await pushed(world)
      const label_id = await makeLabel(world)
      const added = await ask(world.admin, 'POST', `/api/v2.0${artifactOf({ path })}/labels`, {
        id: label_id,
      })
      expect(added.status).toBe(200)
      return { path: { ...path, label_id } }
    },
    as: 'developer',
    refused: 'guest',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) =>
      expect(await read(world, `${artifactOf(call)}?with_label=true`)).not.toHaveProperty('labels.0'),
  },
]
