import type { FastifyPluginAsync } from 'fastify'
import { accessoriesRoutes } from '../artifacts/accessories/routes.ts'
import { createChartReader } from '../artifacts/additions/chart-reader.ts'
import { additionsRoutes } from '../artifacts/additions/routes.ts'
import { createAdditionSlots } from '../artifacts/additions/service.ts'
import { copyRoutes } from '../artifacts/copy/routes.ts'
import { tagHistoryRoutes } from '../artifacts/history/routes.ts'
import { iconsRoutes } from '../artifacts/icons/routes.ts'
import { refuseRepositoryDeletion } from '../artifacts/immutable.ts'
import { artifactLabelsRoutes } from '../artifacts/labels/routes.ts'
import { countArtifacts, findRepositoriesWithBlob, selectNewest } from '../artifacts/listed-store.ts'
import { moveUsage, releaseRepository } from '../artifacts/release.ts'
import { artifactsRoutes } from '../artifacts/routes.ts'
import { tagsRoutes } from '../artifacts/tags/routes.ts'
import { trashedRepositoriesRoutes } from '../artifacts/trash/repositories/routes.ts'
import { trashRoutes } from '../artifacts/trash/routes.ts'
import { trashedTagsRoutes } from '../artifacts/trash/tags/routes.ts'
import { immutableRulesRoutes } from '../immutability/routes.ts'
import { deleteLabelsOnLeaving } from '../labels/artifact-store.ts'
import { labelsRoutes } from '../labels/routes.ts'
import type { RestOptions } from '../platform/http/rest.ts'
import { projectMetadataRoutes } from '../projects/metadata/routes.ts'
import { projectNamesRoutes } from '../projects/names/routes.ts'
import { projectsRoutes } from '../projects/routes.ts'
import { quotasRoutes } from '../quotas/routes.ts'
import { repositoryNamesRoutes } from '../repositories/names/routes.ts'
import { findLongestName } from '../repositories/names/store.ts'
import { repositoriesRoutes } from '../repositories/routes.ts'
import { retentionRoutes } from '../retention/routes.ts'
import { systemRetentionRoutes } from '../retention/system/routes.ts'
import { deliveryRoutes } from '../webhooks/deliveries/routes.ts'
import { webhooksRoutes } from '../webhooks/routes.ts'
import type { ServerParts } from './server-parts.ts'
import type { Services } from './services.ts'

/** The REST API of projects and what they hold: repositories, artifacts, tags, labels, limits. */
export function contentRoutes(
  { db }: ServerParts,
  { auth, projects, data: { artifacts }, sweeper, reclaim, webhooks, tellQuotaExceeded }: Services,
  guard: Pick<RestOptions, 'projectContext'>,
): FastifyPluginAsync[] {
  const trash = { ...artifacts, reclaim, onDeleted: sweeper.kick }
  return [
    projectsRoutes(projects),
    projectMetadataRoutes({ db }),
    projectNamesRoutes({ db, longestRepositoryName: findLongestName }),
    quotasRoutes({ db }),
    labelsRoutes({ db }),
    repositoriesRoutes({
      db,
      countArtifacts,
      findRepositoriesWithBlob,
      trashDays: artifacts.trashDays,
      releaseUsage: releaseRepository,
      refuseDeletion: (tx, repository) => refuseRepositoryDeletion(tx, artifacts, repository),
      tellContent: selectNewest,
      onRepositoryDeleted: sweeper.kick,
    }),
    repositoryNamesRoutes({
      db,
      moveUsage: (tx, id, projects) => moveUsage(tx, artifacts.quotas, id, projects),
      leaveProject: deleteLabelsOnLeaving,
    }),
    artifactsRoutes(artifacts),
    tagsRoutes(artifacts),
    accessoriesRoutes(artifacts),
    artifactLabelsRoutes(artifacts),
    additionsRoutes({ ...artifacts, slots: createAdditionSlots(), charts: createChartReader() }),
    copyRoutes({ ...artifacts, tellQuotaExceeded, projectContext: guard.projectContext }),
    iconsRoutes(artifacts),
    trashRoutes(trash),
    trashedTagsRoutes(trash),
    trashedRepositoriesRoutes(trash),
    tagHistoryRoutes(trash),
    immutableRulesRoutes({ db }),
    retentionRoutes({ ...artifacts, now: auth.now }),
    systemRetentionRoutes({ ...artifacts, now: auth.now }),
    webhooksRoutes(webhooks),
    deliveryRoutes(webhooks),
  ]
}
