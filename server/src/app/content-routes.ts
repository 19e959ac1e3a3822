import type { FastifyPluginAsync } from 'fastify'
import { accessoriesRoutes } from '../artifacts/accessories/routes.ts'
import { artifactLabelsRoutes } from '../artifacts/labels/routes.ts'
import { countArtifacts, findRepositoriesWithBlob } from '../artifacts/listed-store.ts'
import { releaseRepository } from '../artifacts/release.ts'
import { artifactsRoutes } from '../artifacts/routes.ts'
import type { Sweeper } from '../artifacts/sweep.ts'
import { tagsRoutes } from '../artifacts/tags/routes.ts'
import { repositoriesRoutes } from '../repositories/routes.ts'
import type { DataPlane } from './data-plane.ts'

/** The REST API of what projects hold: repositories, artifacts, tags. */
export function contentRoutes({ artifacts }: DataPlane, sweeper: Sweeper): FastifyPluginAsync[] {
  const { db } = artifacts
  return [
    repositoriesRoutes({
      db,
      countArtifacts,
      findRepositoriesWithBlob,
      releaseUsage: releaseRepository,
      onRepositoryDeleted: sweeper.kick,
    }),
    artifactsRoutes(artifacts),
    tagsRoutes(artifacts),
    accessoriesRoutes(artifacts),
    artifactLabelsRoutes(artifacts),
  ]
}
