import { collect, leaveBlob, mount, moveTag, pull, pullKept, purge, restore, reuse } from './more-work.ts'
import { descriptor, labelArtifact, manifest, pushBlob, pushKept, putManifest, see } from './random-work.ts'
import { digestOf, OCI, send, type Worker } from './worker.ts'

/** So many are never needed: one that nobody kills is enough for almost everything. */
const MOST_ROUNDS = 200
/** Random work labels nothing before there are so many labels. */
const LABELS = 4

/**
 * One client who does each kind of work in a project of his own, where nobody takes what he is about to restore or purge: what
 * chance leaves out on a slow machine happens all the same, while others work and servers die. He begins again, in other
 * repositories, until everything has happened.
 */
export async function seeToAll(
  worker: Worker,
  project: { id: number; name: string },
  { isDone, isGone }: { isDone(): boolean; isGone(error: unknown): boolean },
): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS && !isDone(); round += 1) {
    for (const step of stepsOf(worker, project, round)) {
      await step().catch((error: unknown) => {
        if (!isGone(error)) throw error
      })
    }
  }
}

/** Each is of use without those before it, some of them only if they were answered. */
function stepsOf(worker: Worker, { id, name: project }: { id: number; name: string }, round: number) {
  const names = { own: `own${round}`, copied: `copied${round}`, moved: `moved${round}` }
  const v2 = `/v2/${project}/${names.own}`
  const root = `/api/v2.0/projects/${project}/repositories`
  const api = `${root}/${names.own}`
  const layer = Buffer.from(`layer of ${names.own}`)
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', round }))
  const image = manifest({
    config: descriptor(`${OCI}config.v1+json`, config),
    layers: [descriptor(`${OCI}layer.v1.tar`, layer)],
  })
  const post = async (what: string, path: string, body: object, allowed: number[]) =>
    see(worker, what, await send(worker, 'POST', path, body), allowed)
  const deleteTag = async () =>
    see(worker, 'delete tag', await worker.registry.delete(`${v2}/manifests/w1`), [202, 404])
  const tag = () => post('tag', `${api}/artifacts/${digestOf(image)}/tags`, { name: 'w1' }, [201, 404, 409])
  const deleteArtifact = async () => {
    const answer = await worker.registry.delete(`${api}/artifacts/${digestOf(image)}`)
    see(worker, 'delete artifact', answer, [200, 404])
  }
  const deleteRepository = async (name: string) =>
    see(worker, 'delete repository', await worker.registry.delete(`${root}/${name}`), [200, 404])

  return [
    () => pushKept(worker, `/v2/${worker.projects[0]}/kept`),
    () => pullKept(worker),
    () => pushBlob(worker, v2, layer, [201, 404]),
    () => pushBlob(worker, v2, config, [201, 404]),
    () => putManifest(worker, v2, image, 'v1'),
    () => pull(worker, v2),
    () => leaveBlob(worker, v2, Buffer.from(`left in ${names.own}`)),
    () => reuse(worker, v2, image),
    () => mount({ ...worker, registry: worker.registry, projects: [project] }, v2),
    () => moveTag(worker, v2),
    ...Array.from({ length: LABELS }, () => () => labelArtifact(worker, api, 'v1')),
    () =>
      post('copy', `${root}/${names.copied}/artifacts?from=${project}/${names.own}:v1`, {}, [201, 400, 404]),
    async () => {
      const to = { project_name: project, name: names.moved }
      see(worker, 'move', await send(worker, 'PUT', `${root}/${names.copied}/name`, to), [200, 404, 409])
    },
    () => deleteRepository(names.moved),
    () => restore(worker, project, 'repository'),
    tag,
    deleteTag,
    () => restore(worker, project, 'tag'),
    deleteTag,
    () => purge(worker, project, 'tag'),
    deleteArtifact,
    () => restore(worker, project, 'artifact'),
    deleteArtifact,
    () => purge(worker, project, 'artifact'),
    () => deleteRepository(names.own),
    () => purge(worker, project, 'repository'),
    async () => {
      const limit = { hard: { storage: -1 } }
      see(worker, 'change a limit', await send(worker, 'PUT', `/api/v2.0/quotas/${id}`, limit), [200])
    },
    () => collect(worker),
  ] satisfies (() => Promise<unknown>)[]
}
