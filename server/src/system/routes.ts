import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/system'
import type { FastifyRequest } from 'fastify'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import type { Settings } from '../settings/settings.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { createHealthCheck } from './health.ts'
import { describeSystem } from './model.ts'

export interface SystemDeps {
  db: Database
  settings: Settings
  storage: StorageDriver
  /** This program's version, `0.1.0`. */
  version: string
  /** Scheme and authority by which the caller reaches us, without a slash at the end. */
  originOf(request: FastifyRequest): string
  now(): Date
}

/** `/ping`, `/health`, `/systeminfo`: what monitoring and clients ask first. */
export function systemRoutes(deps: SystemDeps): FastifyPluginAsyncTypebox {
  const checkHealth = createHealthCheck(deps)
  const facts = { version: deps.version, storageProvider: deps.storage.kind }

  return async (app) => {
    app.get(
      '/ping',
      { schema: { response: { 200: Wire.Ping } }, config: { permission: 'anonymous' } },
      async (_request, reply) => reply.type('text/plain').send('Pong'),
    )

    app.get(
      '/health',
      { schema: { response: { 200: Wire.OverallHealthStatus } }, config: { permission: 'anonymous' } },
      async () => {
        const components = await checkHealth()
        return {
          status: overall(components.every(({ error }) => error === undefined)),
          components: components.map((part) => ({ ...part, status: overall(part.error === undefined) })),
        }
      },
    )

    app.get(
      '/systeminfo',
      { schema: { response: { 200: Wire.GeneralInfo } }, config: { permission: 'anonymous' } },
      async (request) => {
        const origin = deps.originOf(request)
        return toWire(describeSystem(facts, deps.settings, request.principal, { origin, now: deps.now() }))
      },
    )

    app.get(
      '/systeminfo/volumes',
      {
        schema: { response: { 200: Wire.SystemInfo } },
        config: { permission: { system: 'system-volumes:read' } },
      },
      async () => {
        const capacity = await deps.storage.capacity()
        return { storage: [capacity ?? {}] }
      },
    )

    app.get('/systeminfo/getcert', { schema: {}, config: { permission: 'anonymous' } }, async () => {
      throw new DomainError('not-found', 'no CA certificate is configured')
    })
  }
}

/** `/api/version`, which stands above the versions. Harbor calls its JSON plain text, and so do clients. */
export function versionRoutes(): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/version', { schema: {}, config: { permission: 'anonymous' } }, async (_request, reply) =>
      reply
        .type('text/plain; charset=utf-8')
        .send(JSON.stringify({ version: 'v2.0' } satisfies Wire.ApiVersion)),
    )
  }
}

function overall(works: boolean): 'healthy' | 'unhealthy' {
  return works ? 'healthy' : 'unhealthy'
}

function toWire({ open, closed }: ReturnType<typeof describeSystem>): Wire.GeneralInfo {
  return {
    auth_mode: open.authMode,
    primary_auth_mode: open.primaryAuthMode,
    self_registration: open.selfRegistration,
    banner_message: open.bannerMessage,
    oidc_provider_name: open.oidcProviderName,
    ...(closed && {
      current_time: closed.currentTime.toISOString(),
      registry_url: closed.registryHost,
      external_url: closed.externalUrl,
      harbor_version: closed.harborVersion,
      registry_storage_provider_name: closed.storageProvider,
      project_creation_restriction: closed.projectCreationRestriction,
      has_ca_root: false,
      read_only: closed.readOnly,
      notification_enable: closed.notificationEnable,
    }),
  }
}
