import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Configurations, ConfigurationsResponse } from '@portolan/api/configurations'
import { DomainError } from '../platform/errors.ts'
import { actorOf } from '../platform/http/principal.ts'
import { describeSettings, type SettingsServiceDeps, updateSettings } from './service.ts'
import { isSecret } from './values.ts'

/** A secret to us; Harbor's clients expect the field. */
const SHOWN_EMPTY = 'uaa_client_secret'

/** `/configurations`, and `/internalconfig`, which no client of ours is for. */
export function settingsRoutes(deps: SettingsServiceDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/configurations',
      {
        schema: { response: { 200: ConfigurationsResponse } },
        config: { permission: { system: 'configuration:read' } },
      },
      async () => {
        const shown = [...(await describeSettings(deps))].filter(
          ([key]) => !isSecret(key) || key === SHOWN_EMPTY,
        )
        return { ...Object.fromEntries(shown), scan_all_policy: {} } as ConfigurationsResponse
      },
    )

    app.put(
      '/configurations',
      {
        schema: { body: Configurations },
        config: { permission: { system: 'configuration:update' }, whileReadOnly: true },
      },
      async (request, reply) => {
        await updateSettings(deps, request.body, actorOf(request))
        return reply.send()
      },
    )

    app.get('/internalconfig', { schema: {}, config: { permission: 'anonymous' } }, async () => {
      throw new DomainError('unauthorized', 'only internal service is allowed to call this API')
    })
  }
}
