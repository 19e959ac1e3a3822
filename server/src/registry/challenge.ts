import { OciError } from '../oci/errors.ts'
import { actionOf } from './actions.ts'
import type { Exchange } from './exchange.ts'

/** The `service` of challenges and tokens. Harbor's name: clients and scripts know it. */
const TOKEN_SERVICE = 'harbor-registry'
const BASIC_CHALLENGE = 'Basic realm="harbor"'

/** Sends an anonymous client to the token service, with the scope that would do. */
export function askForToken(exchange: Exchange): OciError {
  const realm = `${exchange.deps.externalOrigin(exchange.request)}/service/token`
  const scope = scopeOf(exchange)
  const challenge = `Bearer realm="${realm}",service="${TOKEN_SERVICE}"${scope ? `,scope="${scope}"` : ''}`

  return new OciError('UNAUTHORIZED', { headers: { 'www-authenticate': challenge } })
}

/** Refuses credentials that are wrong, or that do not suffice; `message` is what a client prints. */
export function refuse(message?: string): OciError {
  return new OciError('UNAUTHORIZED', {
    headers: { 'www-authenticate': BASIC_CHALLENGE },
    ...(message === undefined ? {} : { message }),
  })
}

function scopeOf(exchange: Exchange): string {
  if (exchange.endpoint === 'base') return ''
  if (exchange.endpoint === 'catalog') return 'registry:catalog:*'

  // Quotes would end the parameter; a name that has them is refused anyway.
  const clean = (name: string) => name.replace(/[^\w./-]/g, '')
  const own = `repository:${clean(exchange.rawName)}:${actionOf(exchange.endpoint).challenge}`
  const source =
    exchange.endpoint === 'upload-start' && exchange.query.get('mount') && exchange.query.get('from')
  return source ? `${own} repository:${clean(source)}:pull` : own
}
