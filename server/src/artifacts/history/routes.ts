import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/tag-history'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { decodeAgain } from '../../platform/http/path.ts'
import { actorOf } from '../../platform/http/principal.ts'
import { repositoryKey } from '../../repositories/routes.ts'
import { mayRestoreArtifacts } from '../trash/permissions.ts'
import type { TrashDeps } from '../trash/service.ts'
import type { TagHistoryEntry } from './model.ts'
import { listTagHistory, rollBackTag } from './service.ts'

const ONE = '/projects/:project_name/repositories/:repository_name/tags/:tag_name'

/** `…/tags/{tag_name}/history` and `…/rollback`: what a tag has pointed to, and back to that. */
export function tagHistoryRoutes(deps: TrashDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      `${ONE}/history`,
      {
        schema: {
          operationId: 'listTagHistory',
          params: Wire.RepositoryTagParams,
          querystring: Wire.TagHistoryQuery,
          response: { 200: Wire.TagHistory },
        },
        config: { permission: { project: 'tag:list' } },
      },
      async (request, reply) => {
        const { query, params } = request
        const tag = decodeAgain(params.tag_name)
        const { entries, total } = await listTagHistory(deps, repositoryKey(request), tag, toPage(query))
        sendTotal(request, reply, query, total)
        return entries.map(toWire)
      },
    )

    app.post(
      `${ONE}/rollback`,
      {
        schema: {
          operationId: 'rollBackTag',
          description:
            'Takes `artifact:delete` and `artifact:create` too where the artifact is in the trash.',
          params: Wire.RepositoryTagParams,
          body: Wire.TagRollback,
          response: { 200: Wire.RolledBackTag },
        },
        // It takes the tag away from one artifact and gives it to another one.
        config: { permission: { project: 'tag:delete', and: ['tag:create'] } },
      },
      async (request) => {
        const tag = decodeAgain(request.params.tag_name)
        const { digest } = request.body
        const { repository, restored } = await rollBackTag(deps, {
          key: repositoryKey(request),
          tag,
          digest,
          mayRestore: mayRestoreArtifacts(request.principal, request.project),
          actor: actorOf(request),
        })
        return { repository, tag, digest, restored }
      },
    )
  }
}

function toWire({ id, operation, digest, artifact, username, time }: TagHistoryEntry): Wire.TagHistoryEntry {
  return {
    id,
    operation,
    ...(digest === undefined ? {} : { digest }),
    ...(artifact === undefined ? {} : { artifact }),
    ...(username === undefined ? {} : { username }),
    op_time: time.toISOString(),
  }
}
