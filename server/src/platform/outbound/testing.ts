import { execFileSync } from 'node:child_process'

/** A certificate for `localhost` that nobody trusts, with its key; PEM. */
export function certificate(): { cert: string; key: string } {
  const made = execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      '-',
      '-out',
      '-',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const pem = (kind: string) =>
    new RegExp(`-----BEGIN ${kind}-----[\\s\\S]*?-----END ${kind}-----\\n`).exec(made)?.[0] ?? ''

  return { cert: pem('CERTIFICATE'), key: pem('PRIVATE KEY') }
}
