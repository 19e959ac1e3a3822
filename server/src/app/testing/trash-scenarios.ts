import { copyArtifact } from '../../artifacts/copy/service.ts'
import { deleteArtifact } from '../../artifacts/deletion.ts'
import {
  purgeArtifact,
  restoreArtifact,
  type TrashDeps,
  unlessSomebodyElseHas,
} from '../../artifacts/trash/service.ts'
import { findTrashOfDigest } from '../../artifacts/trash/store.ts'
import { reclaimNow } from '../../gc/collect.ts'
import { createContextLookup } from '../../members/context-lookup.ts'
import { createRepositoryLookup } from '../../repositories/lookup.ts'
import type { Repository } from '../../repositories/model.ts'
import { digestOf, manifestOf } from './client.ts'
import type { Program } from './program.ts'
import { APP, collect, image, OTHER, pushImage, type Scenario, type Stage } from './scenarios.ts'

const actor = { id: 1, username: 'admin' }
const principal = { kind: 'user' as const, ...actor, sysadmin: true, generation: 1 }
const body = manifestOf(image)
const digest = digestOf(body)

/** What is done with artifacts that are there already. */
export const TRASH_SCENARIOS: readonly Scenario[] = [
  {
    name: 'an image is copied to another repository',
    prepare: ({ clients: [client] }) => pushImage(client, OTHER),
    async work({ programs: [{ artifacts }], promises }) {
      const deps = {
        ...artifacts,
        projectContext: createContextLookup(artifacts.db),
        tellQuotaExceeded: async () => undefined,
      }
      const { project_id: id } = await app(artifacts.db, OTHER)
      const to = { project: { id, name: 'p' }, repository: 'app' }
      await copyArtifact(deps, { from: `${OTHER}:v1`, to, principal, actor })
      promises.manifests.set(`${APP}:v1`, body)
      for (const bytes of [image.config, ...image.layers])
        promises.blobs.set(`${APP}@${digestOf(bytes)}`, bytes)
    },
  },
  {
    name: 'an image goes into the trash, and comes back',
    prepare: ({ clients: [client] }) => pushImage(client, APP),
    async work(stage) {
      const [program] = stage.programs
      await toTrash(stage)
      // What is in the trash is no prey.
      await collect(program)
      const { repository, trashId } = await inTrash(program)
      stage.promises.gone.delete(`${APP}@${digest}`)
      if (trashId !== undefined) {
        await restoreArtifact(trashOf(program), repository.projectId, trashId, actor)
      }
      stage.promises.manifests.set(`${APP}:v1`, body)
      for (const bytes of [image.config, ...image.layers])
        stage.promises.blobs.set(`${APP}@${digestOf(bytes)}`, bytes)
    },
  },
  {
    name: 'an image is purged from the trash, for good',
    async prepare(stage) {
      await pushImage(stage.clients[0], APP)
      await toTrash(stage)
    },
    async work(stage) {
      const [program] = stage.programs
      const { repository, trashId } = await inTrash(program)
      for (const bytes of [image.config, ...image.layers])
        stage.promises.blobs.delete(`${APP}@${digestOf(bytes)}`)
      if (trashId === undefined) await collect(program)
      else {
        await purgeArtifact(trashOf(program), repository.projectId, trashId, actor).catch(
          unlessSomebodyElseHas,
        )
      }
      for (const bytes of [body, image.config, ...image.layers]) stage.promises.purged.add(digestOf(bytes))
    },
  },
]

async function app(db: Program['uploads']['db'], name: string) {
  return await db
    .selectFrom('repositories')
    .select(['id', 'project_id'])
    .where('name', '=', name.slice(2))
    .executeTakeFirstOrThrow()
}

function trashOf({ artifacts }: Program): TrashDeps {
  return {
    ...artifacts,
    trashDays: 7,
    reclaim: (ids) =>
      reclaimNow(artifacts, ids, (_, error) => {
        throw error
      }),
  }
}

async function inTrash({
  artifacts: { db },
}: Program): Promise<{ repository: Repository; trashId?: number }> {
  const { project_id: projectId } = await app(db, APP)
  const repository = await createRepositoryLookup(db)({ projectId, name: 'app' })
  if (!repository) throw new Error('the repository is gone')
  const trashId = await findTrashOfDigest(db, repository.id, digest)
  return { repository, ...(trashId !== undefined && { trashId }) }
}

/** The blobs of an image in the trash are shown to nobody any more, once its repository does not offer them. */
async function toTrash({ programs: [program], promises }: Stage): Promise<void> {
  for (const name of [`${APP}:v1`, `${APP}@${digest}`]) promises.manifests.delete(name)
  const { repository } = await inTrash(program)
  await deleteArtifact(trashOf(program), { repository, projectName: 'p' }, digest, actor)
  promises.gone.add(`${APP}@${digest}`)
}
