import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decide, decideEverywhere } from '../access/decide.ts'
import { accessRoutes } from '../access/routes.ts'
import { additionsRoutes } from '../artifacts/additions/routes.ts'
import { createAdditionSlots } from '../artifacts/additions/service.ts'
import { copyRoutes } from '../artifacts/copy/routes.ts'
import { iconsRoutes } from '../artifacts/icons/routes.ts'
import { countArtifacts, foldCounts } from '../artifacts/listed-store.ts'
import { classifyPending } from '../artifacts/pending.ts'
import { createPendingRelease, moveUsage } from '../artifacts/release.ts'
import { createSweeper, type Sweeper } from '../artifacts/sweep.ts'
import { writePulls } from '../audit/pulls.ts'
import { auditRoutes } from '../audit/routes.ts'
import { ensureComingPartitions } from '../audit/service.ts'
import { type AuditDeps, auditTrail } from '../audit/subscribers.ts'
import { accessTokensRoutes } from '../auth/access-tokens/routes.ts'
import { explainRoutes } from '../auth/explain/routes.ts'
import { forgetGrants } from '../auth/grants.ts'
import { loginRoutes, oidcRoutes } from '../auth/routes.ts'
import {
  type AuthDeps,
  createAuth,
  forgetRobot,
  forgetUser,
  login,
  purgeAuth,
  writeLastUses,
} from '../auth/service.ts'
import { sessionsRoutes } from '../auth/sessions/managing/routes.ts'
import { type BrowserDeps, isFromBrowser, restAuthentication } from '../auth/sessions/routes.ts'
import { ensureSigningKey } from '../auth/tokens/keys.ts'
import { keySetRoutes, tokenRoutes } from '../auth/tokens/routes.ts'
import { purgeAbandonedUploads } from '../blobs/purge.ts'
import { groupsRoutes } from '../groups/routes.ts'
import { deleteLabelsOnLeaving } from '../labels/artifact-store.ts'
import { labelsRoutes } from '../labels/routes.ts'
import { labelsOfDeletedProjects } from '../labels/subscribers.ts'
import { createContextLookup, type FindContext } from '../members/context-lookup.ts'
import { findParticipations } from '../members/participation-store.ts'
import { membersRoutes } from '../members/routes.ts'
import { addProjectAdmin, findProjectContext } from '../members/service.ts'
import { countMembersWith, deleteMembersWith } from '../members/store.ts'
import { membersThatAreGone } from '../members/subscribers.ts'
import { createDispatcher } from '../platform/events/dispatcher.ts'
import { watchEvents } from '../platform/events/watch.ts'
import { type RestOptions, restPlugin } from '../platform/http/rest.ts'
import { projectMetadataRoutes } from '../projects/metadata/routes.ts'
import { projectNamesRoutes } from '../projects/names/routes.ts'
import { projectsRoutes } from '../projects/routes.ts'
import { ensureLibraryProject, type ProjectsDeps } from '../projects/service.ts'
import { quotasRoutes } from '../quotas/routes.ts'
import { quotaCleanup } from '../quotas/subscribers.ts'
import { readUsage } from '../quotas/usage-store.ts'
import { registryRoutes } from '../registry/routes.ts'
import { repositoryNamesRoutes } from '../repositories/names/routes.ts'
import { findLongestName } from '../repositories/names/store.ts'
import { countRepositories } from '../repositories/store.ts'
import { repositoryActivity } from '../repositories/subscribers.ts'
import { projectRobotsRoutes } from '../robots/older/routes.ts'
import { robotsRoutes } from '../robots/routes.ts'
import type { RobotsDeps } from '../robots/service.ts'
import { robotsOfDeletedProjects } from '../robots/subscribers.ts'
import { roleBindingsRoutes } from '../roles/bindings/routes.ts'
import { rolesRoutes } from '../roles/routes.ts'
import type { RolesDeps } from '../roles/service.ts'
import { bindingsThatAreGone } from '../roles/subscribers.ts'
import { searchRoutes } from '../search/routes.ts'
import { allowlistRoutes } from '../settings/allowlist/routes.ts'
import { disabledAuditEvents } from '../settings/disabled-audit-events.ts'
import { checkWritable } from '../settings/read-only.ts'
import { settingsRoutes } from '../settings/routes.ts'
import type { SettingsServiceDeps } from '../settings/service.ts'
import { SETTINGS_REFRESH, type Settings } from '../settings/settings.ts'
import { statisticsRoutes } from '../statistics/routes.ts'
import { createStoredBytes } from '../statistics/service.ts'
import { systemRoutes, versionRoutes } from '../system/routes.ts'
import { FIRST_ADMINISTRATOR } from '../users/model.ts'
import { createPasswords } from '../users/passwords.ts'
import { usersRoutes } from '../users/routes.ts'
import { getUser } from '../users/service.ts'
import { contentRoutes } from './content-routes.ts'
import { createDataPlane, type DataPlane } from './data-plane.ts'
import { devcenterPlugin, explorerDirectory } from './devcenter.ts'
import { createHttp, externalOrigin } from './http.ts'
import { listRoutes } from './openapi/route-list.ts'
import { openApiRoutes } from './openapi/routes.ts'
import { pendingRoutes } from './pending/routes.ts'
import { runPeriodically } from './periodic.ts'
import { portalDirectory, portalPlugin } from './portal.ts'
import { callerOf } from './registry-caller.ts'
import type { ComposedServer, ServerParts } from './server-parts.ts'
import { composeSettings } from './settings.ts'
import { loadTls, watchTls } from './tls.ts'

const POLL_MILLISECONDS = 1000
const MINUTE = 60_000
const HOUR = 3_600_000
// As long as an unreferenced blob is safe from collection.
const PENDING_HOURS = 24

/** Everything that the routes work with, put together once. */
interface Services {
  settings: Settings
  configuration: SettingsServiceDeps
  findProject: FindContext
  auth: BrowserDeps
  robots: RobotsDeps
  projects: ProjectsDeps
  data: DataPlane
  sweeper: Sweeper
}

/** Puts the program together: services, routes, subscribers and periodic tasks. Opens nothing. */
export async function composeServer(opened: ServerParts): Promise<ComposedServer> {
  const { config, log } = opened
  const configuration = await composeSettings(opened)
  const dispatcher = createDispatcher({
    db: opened.db,
    log,
    subscribers: [
      repositoryActivity,
      quotaCleanup,
      labelsOfDeletedProjects,
      membersThatAreGone,
      robotsOfDeletedProjects,
      auditTrail(auditOf(configuration.settings)),
      bindingsThatAreGone,
    ],
    pollMilliseconds: POLL_MILLISECONDS,
  })
  // Whoever writes an event wakes the dispatcher.
  const parts = { ...opened, db: watchEvents(opened.db, dispatcher.wake) }
  const { db } = parts
  const services = createServices(parts, { ...configuration, db })
  await ensureSigningKey({ db, box: parts.secretKey, now: services.auth.now })
  await ensureLibraryProject(services.projects, await getUser({ db }, FIRST_ADMINISTRATOR))

  const tls = loadTls(config)
  const app = createHttp(config, log, tls)
  await addRoutes(app, parts, services)
  // In the order in which they started.
  const stops: (() => void | Promise<void>)[] = []

  return {
    app,
    async start() {
      await dispatcher.start()
      services.data.pulls.start()
      stops.push(
        services.data.pulls.stop,
        services.auth.failedLogins.close,
        () => writeLastUses(services.auth),
        dispatcher.stop,
        services.sweeper.stop,
        runPeriodically(periodicTasks(parts, services), log).stop,
      )
      if (tls) stops.push(watchTls(app.server as Parameters<typeof watchTls>[0], config, log))
    },
    async close() {
      for (const stop of stops.reverse()) await stop()
    },
  }
}

function createServices(parts: ServerParts, configuration: SettingsServiceDeps): Services {
  const { config, log, db, secretKey } = parts
  const { settings } = configuration
  const audit = auditOf(settings)
  const findProject = createContextLookup(db)
  const passwords = createPasswords()
  const auth: AuthDeps = createAuth({
    db,
    log,
    passwords,
    box: secretKey,
    findProject,
    tokenMinutes: () => settings.get('token_expiration'),
    offlineTokenDays: config.auth.offlineTokenDays,
    sessionMinutes: () => settings.get('session_timeout'),
    robotNamePrefix: () => settings.get('robot_name_prefix'),
  })

  const data = createDataPlane(parts, settings, (tx, pulls) => writePulls(audit, tx, pulls))

  return {
    settings,
    configuration,
    findProject,
    auth: { ...auth, externalUrl: config.externalUrl },
    robots: {
      db,
      passwords,
      namePrefix: auth.robotNamePrefix,
      defaultDays: () => settings.get('robot_token_duration'),
      onRobotChanged: (id) => forgetRobot(auth, id),
    },
    projects: {
      db,
      settings,
      countRepositories,
      usedStorage: async (tx, id) => (await readUsage(tx, id)).used,
      quotasEnforced: data.uploads.quotas.enforced,
      addProjectAdmin,
    },
    data,
    sweeper: createSweeper({
      db,
      onError: (error) => log.error({ err: error }, 'deleted repositories could not be swept'),
    }),
  }
}

async function addRoutes(app: FastifyInstance, parts: ServerParts, services: Services): Promise<void> {
  const { config, db, storage, version } = parts
  const { settings, auth, projects, robots, data } = services
  const originOf = (request: FastifyRequest) => externalOrigin(config, request)
  const https = config.tls.certificate !== undefined || config.externalUrl?.startsWith('https:') === true
  const guard: Omit<RestOptions, 'routes'> = {
    https,
    decide,
    decideEverywhere,
    authenticate: restAuthentication(auth),
    checkWritable: () => checkWritable(settings),
    projectContext: (principal, nameOrId, byName) => findProjectContext({ db }, principal, nameOrId, byName),
  }
  const selfRegistration = () => settings.get('self_registration')
  const users = {
    db,
    passwords: auth.passwords,
    onUserChanged: (id: number) => forgetUser(auth, id),
    mayRegister: (request: FastifyRequest) => selfRegistration() && isFromBrowser(request),
    confirmPassword: async (username: string, password: string, address: string) =>
      (await login(auth, { username, password, address })).result === 'accepted',
  }
  // No directory is connected yet, so it has no groups.
  const groups = { db, findInDirectory: async () => undefined }
  const roles: RolesDeps = {
    db,
    countMembers: countMembersWith,
    removeMembers: deleteMembersWith,
    onGrantsChanged: () => forgetGrants(auth),
  }
  const v2 = [
    systemRoutes({ db, settings, storage, version, originOf, now: auth.now }),
    settingsRoutes(services.configuration),
    allowlistRoutes(services.configuration),
    searchRoutes({ projects, countArtifacts }),
    statisticsRoutes({ db, storedBytes: createStoredBytes(db) }),
    usersRoutes(users),
    accessRoutes({ ...guard, participations: (userId) => findParticipations(db, userId) }),
    projectsRoutes(projects),
    projectMetadataRoutes({ db }),
    projectNamesRoutes({ db, longestRepositoryName: findLongestName }),
    repositoryNamesRoutes({
      db,
      moveUsage: (tx, id, projects) => moveUsage(tx, data.artifacts.quotas, id, projects),
      leaveProject: deleteLabelsOnLeaving,
    }),
    membersRoutes(groups),
    groupsRoutes(groups),
    robotsRoutes(robots),
    projectRobotsRoutes(robots),
    rolesRoutes(roles),
    roleBindingsRoutes(roles),
    explainRoutes(auth),
    labelsRoutes({ db }),
    ...contentRoutes(data, services.sweeper),
    additionsRoutes({ ...data.artifacts, slots: createAdditionSlots() }),
    copyRoutes({ ...data.artifacts, projectContext: guard.projectContext }),
    iconsRoutes(data.artifacts),
    quotasRoutes({ db }),
    oidcRoutes(),
    accessTokensRoutes(auth),
    sessionsRoutes(auth),
    auditRoutes({ db }),
    openApiRoutes(listRoutes(app), version),
    pendingRoutes(),
  ]

  await app.register(restPlugin({ ...guard, routes: v2 }), { prefix: '/api/v2.0' })
  await app.register(restPlugin({ ...guard, routes: [versionRoutes()] }), { prefix: '/api' })
  await app.register(restPlugin({ ...guard, routes: [loginRoutes({ ...auth, selfRegistration })] }), {
    prefix: '/c',
  })
  await app.register(restPlugin({ ...guard, routes: [tokenRoutes(auth)] }), { prefix: '/service' })
  await app.register(restPlugin({ ...guard, routes: [keySetRoutes(auth)] }), { prefix: '/.well-known' })
  await app.register(
    registryRoutes({
      authenticate: callerOf(auth),
      findProject: services.findProject,
      repositories: { db },
      uploads: data.uploads,
      artifacts: data.artifacts,
      recordPull: data.pulls.record,
      checkWritable: () => checkWritable(settings),
      externalOrigin: originOf,
      manifestMaxBytes: config.registry.manifestMaxBytes,
    }),
  )
  await app.register(devcenterPlugin({ directory: explorerDirectory(), https }))
  await app.register(portalPlugin({ directory: portalDirectory(), https }))
}

function periodicTasks({ config, db }: ServerParts, { auth, data, sweeper, configuration }: Services) {
  const releasePending = createPendingRelease(db, PENDING_HOURS)

  return [
    { name: 'refresh settings', everyMilliseconds: SETTINGS_REFRESH, run: configuration.settings.refresh },
    { name: 'sweep deleted repositories', everyMilliseconds: MINUTE, run: sweeper.sweep },
    { name: 'fold artifact counts', everyMilliseconds: MINUTE, run: () => foldCounts(db) },
    {
      name: 'tell what artifacts of before are',
      everyMilliseconds: HOUR,
      run: async () => {
        await classifyPending(data.artifacts)
      },
    },
    {
      name: 'give back what no manifest has referenced',
      everyMilliseconds: HOUR,
      run: async () => {
        await releasePending()
      },
    },
    {
      name: 'purge abandoned uploads',
      everyMilliseconds: HOUR,
      run: async () => {
        await purgeAbandonedUploads(data.uploads, config.registry.uploadExpiryHours)
      },
    },
    {
      name: 'make the coming partitions of the audit log',
      everyMilliseconds: HOUR,
      run: () => ensureComingPartitions({ db, now: auth.now }),
    },
    { name: 'tell of failed logins', everyMilliseconds: 1000, run: auth.failedLogins.flush },
    { name: 'write last uses of access tokens', everyMilliseconds: 60_000, run: () => writeLastUses(auth) },
    { name: 'purge sessions and offline tokens', everyMilliseconds: HOUR / 4, run: () => purgeAuth(auth) },
  ]
}

function auditOf(settings: Settings): AuditDeps {
  return { disabledTypes: async () => disabledAuditEvents(settings) }
}
