import Type, { type Static, type TSchema } from 'typebox'

/**
 * Every key of the configuration: type, default and help text. `portolan.yaml`, the names of the
 * environment variables, the checks at start-up and `docs/reference/configuration.md` follow from here.
 * Units are part of a key's name.
 */
export const configSchema = Type.Object({
  listen: Type.Object({
    address: Type.String({
      default: '0.0.0.0',
      minLength: 1,
      description: 'Address to listen on. `127.0.0.1` where a reverse proxy runs on the same machine.',
    }),
    port: Type.Integer({
      default: 8080,
      minimum: 0,
      maximum: 65535,
      description: 'TCP port to listen on; `0` takes any free one, which the log line `ready` names.',
    }),
  }),
  data_directory: Type.String({
    default: './data',
    minLength: 1,
    description:
      'Where Portolan keeps what it owns: the embedded PostgreSQL, its secret key, and the blobs unless `storage.filesystem.directory` says otherwise. Relative to the working directory.',
  }),
  external_url: Type.Optional(
    Type.String({
      description:
        'The origin under which clients reach Portolan, such as `https://registry.example.com`: scheme, host and port, no path. Every URL handed out and the token realm begin with it. Without it they follow the request.',
      format: 'origin',
    }),
  ),
  trusted_proxies: Type.Array(Type.String({ format: 'network' }), {
    default: [],
    description:
      "Addresses and networks (CIDR) of reverse proxies. Only they may set the client's address (`X-Forwarded-For`) and scheme (`X-Forwarded-Proto`).",
  }),
  tls: Type.Object({
    certificate: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'PEM file with the certificate and its chain. Together with `tls.key` it turns TLS on; both files are read again when they change.',
      }),
    ),
    key: Type.Optional(
      Type.String({ minLength: 1, description: 'PEM file with the private key of `tls.certificate`.' }),
    ),
  }),
  database: Type.Object({
    url: Type.Optional(
      Type.String({
        description:
          'An external PostgreSQL (15 or newer) to use instead of the embedded one: `postgres://user:password@host:5432/name`.',
        format: 'postgres-url',
      }),
    ),
    max_connections: Type.Integer({
      default: 20,
      minimum: 2,
      maximum: 1000,
      description: 'Most connections that this process opens to PostgreSQL.',
    }),
  }),
  storage: Type.Object({
    driver: Type.Enum(['filesystem'], { default: 'filesystem', description: 'Where blobs are kept.' }),
    filesystem: Type.Object({
      directory: Type.Optional(
        Type.String({
          minLength: 1,
          description:
            'Directory of the blobs. Default: `storage` inside the data directory. Replicas share it.',
        }),
      ),
    }),
  }),
  secret_key: Type.Optional(
    Type.String({
      description:
        'The key that seals secrets in the database: 32 bytes in base64. Without it (and without `secret_key_file`) one is made at first start and kept in `secret.key` in the data directory. Replicas share it.',
      format: 'key',
      secret: true,
    }),
  ),
  secret_key_file: Type.Optional(Type.String({ minLength: 1, description: 'File that holds `secret_key`.' })),
  admin_password: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Password of the administrator `admin`, used once, when first start creates him. Without it one is generated.',
      secret: true,
    }),
  ),
  auth: Type.Object({
    token_minutes: Type.Integer({
      default: 30,
      minimum: 1,
      maximum: 1440,
      description: 'Minutes that a registry token is valid.',
    }),
    offline_token_days: Type.Integer({
      default: 90,
      minimum: 1,
      maximum: 3650,
      description: 'Days that an offline (refresh) token of the Docker token protocol is valid.',
    }),
    session_minutes: Type.Integer({
      default: 60,
      minimum: 1,
      maximum: 43200,
      description: 'Minutes that a session of the portal is valid.',
    }),
  }),
  registry: Type.Object({
    sparse_index: Type.Boolean({
      default: false,
      description: 'Whether an index may be pushed before all the manifests that it names are there.',
    }),
    sparse_images: Type.Boolean({
      default: false,
      description: 'Whether an image may be pushed before all the blobs that it names are there.',
    }),
    manifest_max_bytes: Type.Integer({
      default: 4194304,
      minimum: 4096,
      maximum: 67108864,
      description: 'Largest manifest that is accepted, in bytes.',
    }),
    upload_expiry_hours: Type.Integer({
      default: 168,
      minimum: 1,
      maximum: 8760,
      description: 'Hours after which an upload that nobody continues is purged.',
    }),
  }),
  log: Type.Object({
    level: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
      default: 'info',
      description: 'The least severe entries that are logged.',
    }),
    format: Type.Enum(['auto', 'json', 'text'], {
      default: 'auto',
      description: '`json`: one object a line. `text`: for people. `auto`: text on a terminal, else JSON.',
    }),
  }),
  drain_seconds: Type.Integer({
    default: 10,
    minimum: 0,
    maximum: 600,
    description: 'How long requests in flight may go on after SIGTERM.',
  }),
})

type CamelKey<Key extends string> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelKey<Tail>>}`
  : Key

type Camel<Value> = Value extends readonly (infer Item)[]
  ? readonly Item[]
  : Value extends object
    ? { readonly [Key in keyof Value as CamelKey<Key & string>]: Camel<Value[Key]> }
    : Value

/** The configuration as files write it: snake_case, defaults filled in. */
export type ConfigDocument = Static<typeof configSchema>

/**
 * The configuration in force: frozen, camelCase, paths absolute. `storage.filesystem.directory` is
 * always there.
 */
export type Config = Camel<Omit<ConfigDocument, 'storage'>> & {
  readonly storage: {
    readonly driver: 'filesystem'
    readonly filesystem: { readonly directory: string }
  }
}

/** One key with a value, as opposed to a group of keys. */
export interface ConfigKey {
  path: readonly string[]
  /** `storage.filesystem.directory` */
  name: string
  /** `PORTOLAN_STORAGE_FILESYSTEM_DIRECTORY` */
  variable: string
  schema: KeySchema
  secret: boolean
}

/** What the code below reads of a key's JSON schema. */
export interface KeySchema {
  type?: string
  enum?: readonly string[]
  default?: unknown
  description?: string
  format?: string
  minLength?: number
  minimum?: number
  maximum?: number
}

/** All keys in the order of the schema. */
export function configKeys(): ConfigKey[] {
  return walk(configSchema, [])
}

function walk(schema: TSchema, path: readonly string[]): ConfigKey[] {
  const { properties } = schema as { properties?: Record<string, TSchema> }
  if (properties !== undefined) {
    return Object.entries(properties).flatMap(([key, child]) => walk(child, [...path, key]))
  }

  return [
    {
      path,
      name: path.join('.'),
      variable: `PORTOLAN_${path.join('_').toUpperCase()}`,
      schema: schema as KeySchema,
      secret: (schema as { secret?: boolean }).secret === true,
    },
  ]
}
