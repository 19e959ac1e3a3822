import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { FatalError } from '../platform/errors.ts'
import { type Environment, fileNamedBy, readEnvironment } from './from-environment.ts'
import { readFile } from './from-file.ts'
import { configKeys } from './keys.ts'
import type { Config, ConfigDocument } from './schema.ts'
import { getAt, isTree, setAt, type Tree } from './tree.ts'

export interface ConfigSources {
  /** A YAML file that must exist. Without it: `PORTOLAN_CONFIG`, else `portolan.yaml` where there is one. */
  file?: string | undefined
  env: Environment
}

const DEFAULT_FILE = 'portolan.yaml'
/** Of each of several processes: two for the data plane, and two for everything else. */
const LEAST_CONNECTIONS = 4
const KEY_PREFIX = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/

/**
 * Reads file and environment; the environment wins over the file, the file over the defaults. The first
 * unknown key or wrong value is a `FatalError` that names it; a value that may be secret is not repeated.
 */
export function loadConfig(sources: ConfigSources): Config {
  const document = complete(readDocument(sources))

  return Object.freeze({ ...(freeze(document) as Config), settings: Object.freeze({ ...document.settings }) })
}

/** The same in the form of the file: snake_case, defaults filled in, nothing resolved. */
export function readDocument(sources: ConfigSources): ConfigDocument {
  const keys = configKeys()
  const file =
    sources.file ?? fileNamedBy(sources.env) ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined)
  const layers = [file === undefined ? {} : readFile(file, keys), readEnvironment(sources.env, keys)]
  const document: Tree = {}
  for (const { path, schema } of keys) {
    if (path.length > 1) setAt(document, path.slice(0, -1), getAt(document, path.slice(0, -1)) ?? {})
    const value = layers.reduce<unknown>((below, layer) => above(getAt(layer, path), below), schema.default)
    if (value !== undefined) setAt(document, path, structuredClone(value))
  }
  checkTogether(document as ConfigDocument)

  return document as ConfigDocument
}

/** A layer's value over that of the layer below; names of a free group are each on their own. */
function above(value: unknown, below: unknown): unknown {
  return isTree(value) && isTree(below) ? { ...below, ...value } : (value ?? below)
}

/** What no single key can tell. */
function checkTogether(document: ConfigDocument): void {
  const { tls, secret_key, secret_key_file, listen, metrics, storage, processes, database } = document
  if (tls.certificate !== undefined && tls.key === undefined) {
    throw new FatalError('tls.key: must be set with tls.certificate')
  }
  if (tls.certificate === undefined && tls.key !== undefined) {
    throw new FatalError('tls.certificate: must be set with tls.key')
  }
  if (secret_key !== undefined && secret_key_file !== undefined) {
    throw new FatalError('secret_key_file: must not be set with secret_key')
  }
  if (metrics.port !== 0 && metrics.port === listen.port) {
    throw new FatalError('metrics.port: must be another port than listen.port')
  }
  if (
    typeof processes === 'number' &&
    processes > 1 &&
    database.max_connections < processes * LEAST_CONNECTIONS
  ) {
    throw new FatalError(
      `database.max_connections: must be at least ${processes * LEAST_CONNECTIONS} for ${processes} processes`,
    )
  }
  if (storage.driver === 's3') checkBucket(storage.s3)
}

function checkBucket({
  bucket,
  prefix,
  access_key_id,
  secret_access_key,
}: ConfigDocument['storage']['s3']): void {
  if (bucket === undefined) throw new FatalError('storage.s3.bucket: must be set with storage.driver')
  if ((access_key_id === undefined) !== (secret_access_key === undefined)) {
    throw new FatalError(
      'storage.s3.access_key_id: must be set with storage.s3.secret_access_key, or both not',
    )
  }
  if (prefix !== undefined && !KEY_PREFIX.test(prefix)) {
    throw new FatalError('storage.s3.prefix: must be letters, digits, and . _ - between single slashes')
  }
}

/** Paths made absolute, the origin in its normal form. */
function complete(document: ConfigDocument): ConfigDocument {
  const { external_url, secret_key_file, storage, tls } = document
  const dataDirectory = resolve(document.data_directory)

  return {
    ...document,
    data_directory: dataDirectory,
    ...(external_url === undefined ? {} : { external_url: new URL(external_url).origin }),
    ...(secret_key_file === undefined ? {} : { secret_key_file: resolve(secret_key_file) }),
    outbound: {
      ...document.outbound,
      ...(document.outbound.ca_file && { ca_file: resolve(document.outbound.ca_file) }),
    },
    log: { ...document.log, ...(document.log.file && { file: resolve(document.log.file) }) },
    tls: Object.fromEntries(Object.entries(tls).map(([name, file]) => [name, resolve(file)])),
    storage: {
      ...storage,
      filesystem: { directory: resolve(storage.filesystem.directory ?? `${dataDirectory}/storage`) },
      s3: { ...storage.s3, ...(storage.s3.ca_file && { ca_file: resolve(storage.s3.ca_file) }) },
    },
  }
}

/** A frozen copy with the keys in camelCase. */
function freeze(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze([...value])
  if (!isTree(value)) return value
  const entries = Object.entries(value).map(([key, child]) => [camelCase(key), freeze(child)])

  return Object.freeze(Object.fromEntries(entries))
}

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
