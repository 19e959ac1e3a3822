import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { succeed } from './command.ts'

export interface Certificate {
  /** PEM files. */
  certificate: string
  key: string
  /** The certificate itself, to trust it. */
  pem: string
}

/** A self-signed certificate for the loopback address, with a common name to tell it by. */
export async function makeCertificate(
  openssl: string,
  directory: string,
  commonName: string,
): Promise<Certificate> {
  const certificate = path.join(directory, `${commonName}.crt`)
  const key = path.join(directory, `${commonName}.key`)
  await succeed(openssl, [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${commonName}`,
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
    '-keyout',
    key,
    '-out',
    certificate,
  ])
  return { certificate, key, pem: await readFile(certificate, 'utf8') }
}
