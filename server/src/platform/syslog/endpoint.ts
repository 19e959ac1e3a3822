import { isIP } from 'node:net'

/** Where a syslog receiver listens. */
export interface SyslogEndpoint {
  transport: 'udp' | 'tcp' | 'tls'
  host: string
  port: number
}

/** Reads `host:port`, which is TCP, and `udp://`, `tcp://` or `tls://host:port`; undefined for what is none. */
export function parseEndpoint(text: string): SyslogEndpoint | undefined {
  const [, transport = 'tcp', plain, bracketed, digits] =
    /^(?:(udp|tcp|tls):\/\/)?(?:([a-z0-9_.-]+)|\[([0-9a-f:.]+)\]):(\d{1,5})\/?$/i.exec(text.trim()) ?? []
  const host = plain ?? bracketed
  const port = Number(digits)
  if (host === undefined || !(port > 0 && port < 65536)) return undefined
  if (bracketed !== undefined && isIP(bracketed) !== 6) return undefined

  return { transport: transport.toLowerCase() as SyslogEndpoint['transport'], host, port }
}
