import { checkEndpoint } from '../audit/forwarding/forwarder.ts'
import { readFixed } from '../settings/fixed.ts'
import type { SettingsServiceDeps } from '../settings/service.ts'
import { createSettings } from '../settings/settings.ts'
import { FIRST_ADMINISTRATOR } from '../users/model.ts'
import { hasOtherUsers } from '../users/store.ts'
import { forwardingOf } from './outbound.ts'
import type { ServerParts } from './server-parts.ts'

/** The settings, already read, with what it takes to change them. */
export async function composeSettings({
  config,
  db,
  secretKey,
  log,
  siblings,
}: ServerParts): Promise<SettingsServiceDeps> {
  const deps = {
    db,
    box: secretKey,
    log,
    fixed: readFixed(config.settings),
    defaults: { token_expiration: config.auth.tokenMinutes, session_timeout: config.auth.sessionMinutes },
  }
  const settings = createSettings(deps)
  await settings.refresh()

  return {
    ...deps,
    settings,
    hasOtherUsers: () => hasOtherUsers(db, FIRST_ADMINISTRATOR),
    checkForwarding: (endpoint) => checkEndpoint(endpoint, forwardingOf(config)),
    tellOfChange: () => siblings?.tellOfChange({ of: 'settings' }),
    now: () => new Date(),
  }
}
