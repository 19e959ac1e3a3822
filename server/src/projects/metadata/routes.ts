import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ProjectMetadataPair, ProjectMetadataParams, ProjectParams } from '@portolan/api/projects'
import { actorOf } from '../../platform/http/principal.ts'
import { getProject, type ProjectsDeps } from '../service.ts'
import { allMetadata } from './model.ts'
import { addMetadata, removeMetadata, setMetadata } from './service.ts'

const ALL = '/projects/:project_name_or_id/metadatas/'
const ONE = `${ALL}:meta_name`

/** `/projects/{…}/metadatas/`: the metadata of a project one by one. */
export function projectMetadataRoutes(deps: Pick<ProjectsDeps, 'db'>): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      ALL,
      {
        schema: { params: ProjectParams, response: { 200: ProjectMetadataPair } },
        // Harbor grants the list to no role of a project, only to system administrators.
        config: { permission: { project: 'metadata:list' } },
      },
      async (request) => allMetadata(await getProject(deps, request.project.id)),
    )

    app.post(
      ALL,
      {
        schema: { params: ProjectParams, body: ProjectMetadataPair },
        config: { permission: { project: 'metadata:create' } },
      },
      async (request, reply) => {
        await addMetadata(deps, request.project.id, request.body, actorOf(request))
        return reply.send()
      },
    )

    app.get(
      ONE,
      {
        schema: { params: ProjectMetadataParams, response: { 200: ProjectMetadataPair } },
        config: { permission: { project: 'metadata:read' } },
      },
      async (request) => {
        const { meta_name: name } = request.params
        const all = allMetadata(await getProject(deps, request.project.id))
        const value = Object.hasOwn(all, name) ? all[name] : undefined
        return value === undefined ? {} : { [name]: value }
      },
    )

    app.put(
      ONE,
      {
        schema: { params: ProjectMetadataParams, body: ProjectMetadataPair },
        config: { permission: { project: 'metadata:update' } },
      },
      async (request, reply) => {
        await setMetadata(deps, request.project.id, request.params.meta_name, request.body, actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      { schema: { params: ProjectMetadataParams }, config: { permission: { project: 'metadata:delete' } } },
      async (request, reply) => {
        await removeMetadata(deps, request.project.id, request.params.meta_name, actorOf(request))
        return reply.send()
      },
    )
  }
}
