import type { Principal } from '../access/model.ts'

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
  principal: Principal,
  { origin, now }: { origin: string; now: Date },
): { open: typeof OPEN; closed: ReturnType<typeof closedInfo> | undefined } {
  return { open: OPEN, closed: principal.kind === 'anonymous' ? undefined : closedInfo(facts, origin, now) }
}

const OPEN = {
  authMode: 'db_auth',
  primaryAuthMode: false,
  selfRegistration: false,
  bannerMessage: '',
  oidcProviderName: '',
} as const

function closedInfo(facts: SystemFacts, origin: string, now: Date) {
  return {
    currentTime: now,
    registryHost: origin.replace(/^https?:\/\//, ''),
    externalUrl: origin,
    harborVersion: harborVersion(facts.version),
    storageProvider: facts.storageProvider,
  }
}
