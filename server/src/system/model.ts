import type { Principal } from '../access/model.ts'
import type { Settings } from '../settings/settings.ts'

/** What a client asks before it knows anything. */
export interface SystemFacts {
  /** This program's own version, `0.1.0`. */
  version: string
  storageProvider: string
}

/** The release of Harbor whose API this is. */
const HARBOR_RELEASE = 'v2.16.0'

/**
 * The version shown as Harbor's. Clients look at what stands before the first hyphen (Harbor itself puts a
 * commit behind it); the rest names this program.
 */
export function harborVersion(version: string): string {
  return `${HARBOR_RELEASE}-portolan-${version}`
}

/** General information, with what only signed-in callers are told where the caller is one. */
export function describeSystem(
  facts: SystemFacts,
  settings: Settings,
  principal: Principal,
  { origin, now }: { origin: string; now: Date },
) {
  return {
    open: openInfo(settings),
    closed: principal.kind === 'anonymous' ? undefined : closedInfo(facts, settings, origin, now),
  }
}

function openInfo(settings: Settings) {
  return {
    authMode: settings.get('auth_mode'),
    primaryAuthMode: settings.get('primary_auth_mode'),
    selfRegistration: settings.get('self_registration'),
    bannerMessage: settings.get('banner_message'),
    oidcProviderName: settings.get('oidc_name'),
  }
}

function closedInfo(facts: SystemFacts, settings: Settings, origin: string, now: Date) {
  return {
    currentTime: now,
    registryHost: origin.replace(/^https?:\/\//, ''),
    externalUrl: origin,
    harborVersion: harborVersion(facts.version),
    storageProvider: facts.storageProvider,
    projectCreationRestriction: settings.get('project_creation_restriction'),
    readOnly: settings.get('read_only'),
    notificationEnable: settings.get('notification_enable'),
  }
}
