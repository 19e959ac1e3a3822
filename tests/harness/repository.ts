import {
  blob,
  type Content,
  config,
  descriptorOf,
  type ImageOptions,
  image,
  layer,
  type ManifestOptions,
} from './content.ts'
import type { Answer } from './http.ts'
import { locationOf, type Registry, withQuery } from './registry.ts'

export interface PushedImage {
  manifest: Content
  config: Content
  layers: Content[]
}

export interface Repository {
  /** The whole name, project included. */
  readonly name: string
  readonly registry: Registry
  /** The path of something in this repository: `at('tags/list')`. */
  at(rest: string): string
  /** Pushes a blob by POST and PUT and rejects when it is not accepted. */
  pushBlob(content?: Content): Promise<Content>
  /** Pushes a manifest, by its digest unless a reference is given, and answers what the server said. */
  putManifest(content: Content, reference?: string, contentType?: string): Promise<Answer>
  /** Like `putManifest`, but rejects when it is not accepted. */
  pushManifest(content: Content, reference?: string): Promise<Content>
  /** Pushes a random image of one layer, or as the options say. */
  pushImage(reference?: string, options?: Partial<ImageOptions>): Promise<PushedImage>
  /** Pushes a small image that points to the subject. */
  pushReferrer(subject: Content, options?: ManifestOptions): Promise<Content>
  /** Begins an upload and answers its location. */
  startUpload(query?: string): Promise<string>
}

export function openRepository(registry: Registry, name: string): Repository {
  const at = (rest: string) => `/v2/${name}/${rest}`

  async function startUpload(query = ''): Promise<string> {
    const answer = await registry.send({ method: 'POST', path: at(`blobs/uploads/${query}`) })
    expectStatus(answer, 202, 'begin an upload')
    return locationOf(answer)
  }

  async function pushBlob(content: Content = blob()): Promise<Content> {
    const location = await startUpload()
    const answer = await registry.send({
      method: 'PUT',
      path: withQuery(location, { digest: content.digest }),
      headers: { 'Content-Type': 'application/octet-stream' },
      body: content.bytes,
    })
    expectStatus(answer, 201, 'push a blob')
    return content
  }

  function putManifest(content: Content, reference = content.digest, contentType = content.mediaType) {
    return registry.send({
      method: 'PUT',
      path: at(`manifests/${reference}`),
      headers: { 'Content-Type': contentType },
      body: content.bytes,
    })
  }

  async function pushManifest(content: Content, reference?: string): Promise<Content> {
    expectStatus(await putManifest(content, reference), 201, 'push a manifest')
    return content
  }

  async function pushImage(reference?: string, options: Partial<ImageOptions> = {}): Promise<PushedImage> {
    const configuration = config('amd64', options.algorithm)
    const only = layer(256, options.algorithm)
    await pushBlob(configuration)
    await pushBlob(only)
    const content = image({ config: descriptorOf(configuration), layers: [descriptorOf(only)], ...options })
    await pushManifest(content, reference)
    return { manifest: content, config: configuration, layers: [only] }
  }

  async function pushReferrer(subject: Content, options: ManifestOptions = {}): Promise<Content> {
    const pushed = await pushImage(undefined, { ...options, subject: descriptorOf(subject) })
    return pushed.manifest
  }

  return {
    name,
    registry,
    at,
    pushBlob,
    putManifest,
    pushManifest,
    pushImage,
    pushReferrer,
    startUpload,
  }
}

function expectStatus(answer: Answer, status: number, what: string): void {
  if (answer.status !== status) {
    throw new Error(`could not ${what}: ${answer.status} ${answer.body.toString('utf8')}`)
  }
}
