import { readFile } from 'node:fs/promises'
import { getCACertificates } from 'node:tls'
import { S3Client } from '@aws-sdk/client-s3'
import type { S3Settings } from './settings.ts'

/** Milliseconds. */
const CONNECT_TIMEOUT = 5_000
/** Uploads and downloads hold a connection each; what is beyond waits its turn. */
const MAX_SOCKETS = 256

/** A client for the bucket; retries with growing pauses what may be asked again. */
export async function createClient(settings: S3Settings): Promise<S3Client> {
  const { endpoint, region, pathStyle, accessKeyId, secretAccessKey } = settings
  const sockets = { keepAlive: true, maxSockets: MAX_SOCKETS }

  return new S3Client({
    region,
    forcePathStyle: pathStyle,
    // The signature covers the SHA-256 of every body: the server refuses what changed on its way. Further checksums are
    // understood by some servers only.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: settings.maxAttempts,
    retryMode: 'standard',
    ...(endpoint && { endpoint }),
    ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT,
      socketTimeout: settings.timeoutSeconds * 1000,
      httpAgent: sockets,
      httpsAgent: { ...sockets, ...(await authorities(settings.caFile)) },
    },
  })
}

async function authorities(file: string | undefined): Promise<{ ca?: string[] }> {
  return file === undefined ? {} : { ca: [...getCACertificates('default'), await readFile(file, 'utf8')] }
}
