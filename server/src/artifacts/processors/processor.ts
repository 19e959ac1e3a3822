import type { Readable } from 'node:stream'
import type { Descriptor, Manifest } from '../../oci/manifest.ts'
import type { ChartReader } from '../additions/chart-reader.ts'

/** What users see of an artifact beside its manifest: JSON that can be stored. */
export type Attributes = Record<string, unknown>

/** Names of the additions that the API knows; a kind has some of them. */
export type AdditionName =
  | 'build_history'
  | 'values.yaml'
  | 'readme.md'
  | 'dependencies'
  | 'sbom'
  | 'license'
  | 'files'

/** Something to read about an artifact, taken out of its blobs. */
export interface Addition {
  mediaType: 'application/json' | 'text/plain' | 'text/markdown'
  body: Buffer
}

/** What a processor may read: blobs and manifests of the artifact's own repository. */
export interface Content {
  /** A blob as JSON; undefined where it is not there, too large or no JSON. Never rejects for what the blob holds. */
  json(blob: Descriptor): Promise<unknown>
  /** A blob's bytes; undefined where it is not there or has more than `maxBytes`. */
  bytes(blob: Pick<Descriptor, 'digest'>, maxBytes: number): Promise<Buffer | undefined>
  /** A blob's bytes as they are read; undefined where it is not there. The caller destroys the stream. */
  stream(blob: Descriptor): Promise<Readable | undefined>
  /** A manifest; undefined where the repository does not have it. */
  manifest(digest: string): Promise<Manifest | undefined>
}

/** What those who read additions may need beside the content. */
export interface AdditionTools {
  charts: Pick<ChartReader, 'dependencies'>
}

/** What is known of one kind of artifact. */
export interface Processor {
  /** IMAGE, CHART, …: what lists are filtered by. */
  type: string
  /** Read once, at push. Undefined where what they stand in cannot be read; empty where there is nothing to show. */
  attributes(manifest: Manifest, content: Content): Promise<Attributes | undefined>
  /** Each read when somebody asks; undefined where this artifact has none. */
  additions?: Partial<
    Record<
      AdditionName,
      (manifest: Manifest, content: Content, tools: AdditionTools) => Promise<Addition | undefined>
    >
  >
}
