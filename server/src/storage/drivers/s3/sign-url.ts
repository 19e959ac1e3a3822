import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { createClient } from './client.ts'
import type { S3Settings } from './settings.ts'

export interface UrlSigner {
  /** `key` as the bucket knows it. */
  sign(key: string, method: 'GET' | 'HEAD'): Promise<string>
  close(): void
}

/** Signs URLs for clients: nothing is asked of the server for it. */
export async function createUrlSigner(settings: S3Settings): Promise<UrlSigner> {
  const { redirectEndpoint, redirectSeconds: expiresIn } = settings
  const client = await createClient({ ...settings, ...(redirectEndpoint && { endpoint: redirectEndpoint }) })
  const Bucket = settings.bucket

  return {
    sign(key, method) {
      const Key = settings.prefix === '' ? key : `${settings.prefix}/${key}`
      return method === 'HEAD'
        ? getSignedUrl(client, new HeadObjectCommand({ Bucket, Key }), { expiresIn })
        : getSignedUrl(
            client,
            new GetObjectCommand({ Bucket, Key, ResponseContentType: 'application/octet-stream' }),
            { expiresIn },
          )
    },
    close: () => client.destroy(),
  }
}
