/** Where a bucket is, and how it is talked to. */
export interface S3Settings {
  bucket: string
  region: string
  /** Origin of a server that is not AWS itself. */
  endpoint?: string
  /** The bucket in the path instead of in the host name. */
  pathStyle: boolean
  /** Keys begin with this; no slash at either end, empty for none. */
  prefix: string
  /** Both or none: without them the SDK looks where it always does (environment, files, role of the machine). */
  accessKeyId?: string
  secretAccessKey?: string
  /** PEM file with authorities to trust besides the usual ones. */
  caFile?: string
  /** Server-side encryption that is asked for at every write. */
  encryption?: 'AES256' | 'aws:kms'
  /** Key of `aws:kms`, where it is not the bucket's own. */
  encryptionKeyId?: string
  /** How often a request is tried altogether, with growing pauses. */
  maxAttempts: number
  /** Seconds without a byte after which a request counts as failed. */
  timeoutSeconds: number
  /** Whether URLs are handed out under which clients read from the bucket itself. */
  redirect: boolean
  /** Origin of the bucket's server for clients, where it is another one than for us. */
  redirectEndpoint?: string
  /** How long such a URL holds. */
  redirectSeconds: number
  /** Place blobs under the keys of the Distribution layout, which takes a copy within the bucket. */
  distributionLayout: boolean
}
