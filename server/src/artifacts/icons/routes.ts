import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/icons'
import type { ContentDeps } from '../content.ts'
import { getIcon } from './service.ts'

/** `/icons/{digest}`: open to everybody, as browsers ask for pictures without credentials. */
export function iconsRoutes(deps: ContentDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/icons/:digest',
      {
        schema: { params: Wire.IconParams, response: { 200: Wire.Icon } },
        config: { permission: 'anonymous' },
      },
      async (request) => {
        const { mediaType, body } = await getIcon(deps, request.params.digest)
        return { 'content-type': mediaType, content: body.toString('base64') }
      },
    )
  }
}
