import type { SecretBox } from '../platform/crypto/secret-box.ts'
import { DomainError } from '../platform/errors.ts'
import type { Target, TargetSecrets } from './model.ts'

/** Secrets of targets are sealed in the database, and answers show only that they are there. */

export function sealSecrets(
  box: SecretBox,
  projectId: number,
  secrets: readonly TargetSecrets[],
): Buffer | undefined {
  if (secrets.every((each) => Object.keys(each).length === 0)) return undefined
  return box.seal(Buffer.from(JSON.stringify(secrets)), context(projectId))
}

export function openSecrets(box: SecretBox, projectId: number, sealed: Uint8Array | null): TargetSecrets[] {
  return sealed === null ? [] : JSON.parse(box.open(sealed, context(projectId)).toString('utf8'))
}

function context(projectId: number): string {
  return `webhooks:${projectId}`
}

const MASK = '********'
const SCHEMES = /^(Basic|Bearer|Token) (?=\S)/i

/** What is shown of a header's value: the scheme of an `Authorization`, where it is one that everybody knows. */
export function mask(value: string): string {
  return `${SCHEMES.exec(value)?.[0] ?? ''}${MASK}`
}

/** What a request says of the secrets of a target. */
export interface SecretChanges {
  authHeader: string | undefined
  /** Undefined: nothing is said. */
  headers: Readonly<Record<string, string>> | undefined
  /** Undefined: nothing is said; empty: none. */
  signingSecret: string | undefined
}

/**
 * The secrets of a target after a change. What is given as answers show it stays what it is, but only as long as the
 * address stays the same, its path and query included, for behind one host there may be many receivers: else whoever may
 * change a policy could have its secrets sent to himself. Throws bad-request.
 */
export function mergeSecrets(
  changes: SecretChanges,
  address: string,
  former: { target: Target; secrets: TargetSecrets } | undefined,
): TargetSecrets {
  const stays = former !== undefined && normal(former.target.address) === normal(address)
  const kept = (given: string, stored: string | undefined, what: string) => {
    if (stored === undefined || given !== mask(stored)) return given
    if (!stays) throw new DomainError('bad-request', `${what} must be given anew: the address has changed`)
    return stored
  }
  const storedHeaders = former?.secrets.headers ?? {}
  const headers =
    changes.headers === undefined
      ? stays
        ? storedHeaders
        : {}
      : Object.fromEntries(
          Object.entries(changes.headers).map(([name, value]) => [
            name,
            kept(value, storedHeaders[name], `the header ${name}`),
          ]),
        )
  const authHeader = changes.authHeader
    ? kept(changes.authHeader, former?.secrets.authHeader, 'auth_header')
    : undefined
  // A signature does not give its key away, wherever it goes.
  const signingSecret = changes.signingSecret ?? former?.secrets.signingSecret

  return {
    ...(authHeader && { authHeader }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(signingSecret && { signingSecret }),
  }
}

/** As it is called: the same in another spelling is the same. */
function normal(address: string): string {
  const url = URL.parse(address)
  if (!url) return address
  url.hash = ''
  return url.href
}
