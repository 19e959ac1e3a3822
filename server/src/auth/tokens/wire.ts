import type { TokenResponse } from '@portolan/api/token'
import type { IssuedToken } from './service.ts'

/** A token in the form of Docker's protocol. */
export function tokenAnswer({ token, expiresIn, issuedAt }: IssuedToken): TokenResponse {
  return { token, access_token: '', expires_in: expiresIn, issued_at: issuedAt.toISOString() }
}
