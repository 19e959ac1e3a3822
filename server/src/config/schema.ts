import { listenSchema } from './listen-schema.ts'
import type { ConfigOf, DocumentOf, Group } from './types.ts'

/**
 * Every key of the configuration: type, default and help text. `portolan.yaml`, the names of the
 * environment variables, the checks at start-up and `docs/reference/configuration.md` follow from here.
 * Units are part of a key's name.
 *
 * Plain data, and no library behind it: this is the first thing a start reads.
 */
export const configSchema = {
  listen: listenSchema,
  roles: {
    type: 'choice',
    choices: ['all', 'web', 'worker'],
    default: 'all',
    description:
      'What this process does: `web` answers requests, `worker` runs jobs, `all` does both. A fleet needs both.',
  },
  processes: {
    type: 'count',
    default: 'auto',
    minimum: 1,
    maximum: 64,
    description:
      'How many processes answer requests on the one port. `auto`: one for every two processors, no more than four, and no more than `database.max_connections` allows with five each. With one everything happens in it; with more, another one starts them, replaces those that die and holds the embedded PostgreSQL. A worker is always one.',
  },
  data_directory: {
    type: 'text',
    default: './data',
    description:
      'Where Portolan keeps what it owns: the embedded PostgreSQL, its secret key, and the blobs unless `storage.filesystem.directory` says otherwise. Relative to the working directory.',
  },
  external_url: {
    type: 'origin',
    description:
      'The origin under which clients reach Portolan, such as `https://registry.example.com`: scheme, host and port, no path. Every URL handed out and the token realm begin with it. Without it they follow the request.',
  },
  trusted_proxies: {
    type: 'networks',
    default: [],
    description:
      "Addresses and networks (CIDR) of reverse proxies. Only they may set the client's address (`X-Forwarded-For`) and scheme (`X-Forwarded-Proto`).",
  },
  tls: {
    certificate: {
      type: 'text',
      description:
        'PEM file with the certificate and its chain. Together with `tls.key` it turns TLS on; both files are read again when they change.',
    },
    key: { type: 'text', description: 'PEM file with the private key of `tls.certificate`.' },
  },
  database: {
    url: {
      type: 'postgres-url',
      description:
        'An external PostgreSQL (15 or newer) to use instead of the embedded one: `postgres://user:password@host:5432/name`.',
    },
    max_connections: {
      type: 'integer',
      default: 20,
      minimum: 2,
      maximum: 1000,
      description:
        'Most connections that are opened to PostgreSQL: by all `processes` of this start together, of which each needs four.',
    },
    prepared_statements: {
      type: 'boolean',
      default: true,
      description:
        'Whether connections keep prepared what is asked all the time. Off for a pooler between that hands connections out by transaction and knows nothing of it (PgBouncer before 1.21).',
    },
  },
  storage: {
    driver: {
      type: 'choice',
      choices: ['filesystem', 's3'],
      default: 'filesystem',
      description: 'Where blobs are kept: a directory, or a bucket of S3 or of a server that speaks like it.',
    },
    filesystem: {
      directory: {
        type: 'text',
        description:
          'Directory of the blobs. Default: `storage` inside the data directory. Replicas share it.',
      },
    },
    s3: {
      bucket: {
        type: 'text',
        description: 'The bucket, which must exist. Needed where `storage.driver` is `s3`.',
      },
      region: { type: 'text', default: 'us-east-1', description: 'Its region.' },
      endpoint: {
        type: 'origin',
        description: 'Where the server is, if it is not AWS itself: `https://minio.example.com:9000`.',
      },
      path_style: {
        type: 'boolean',
        default: false,
        description:
          'The bucket is named in the path instead of in the host name, as most servers but AWS want it.',
      },
      prefix: {
        type: 'text',
        description: 'All keys begin with this and a slash, so that a bucket can be shared.',
      },
      access_key_id: {
        type: 'text',
        description:
          'Without it and the secret, credentials are looked for where AWS tools do: environment, files, role of the machine.',
      },
      secret_access_key: {
        type: 'text',
        description: 'Belongs to `storage.s3.access_key_id`.',
        secret: true,
      },
      ca_file: {
        type: 'text',
        description: 'PEM file with certificate authorities to trust besides the usual ones.',
      },
      encryption: {
        type: 'choice',
        choices: ['none', 'AES256', 'aws:kms'],
        default: 'none',
        description: 'Server-side encryption that is asked for at every write.',
      },
      encryption_key_id: {
        type: 'text',
        description: 'Key for `aws:kms`, if it is not that of the bucket.',
      },
      max_attempts: {
        type: 'integer',
        default: 5,
        minimum: 1,
        maximum: 20,
        description: 'How often a request is tried altogether, with growing pauses.',
      },
      timeout_seconds: {
        type: 'integer',
        default: 60,
        minimum: 1,
        maximum: 3600,
        description: 'A request during which nothing arrives for so long has failed.',
      },
      redirect: {
        type: 'boolean',
        default: true,
        description:
          'Downloads of blobs are answered with a signed URL of the bucket, so that the bytes do not pass through here. Clients must reach the bucket then.',
      },
      redirect_endpoint: {
        type: 'origin',
        description:
          'Origin under which clients reach the server of the bucket, if it is not `storage.s3.endpoint`.',
      },
      redirect_seconds: {
        type: 'integer',
        default: 1200,
        minimum: 10,
        maximum: 604800,
        description: 'How long such a URL holds. Who has it needs no login as long.',
      },
      no_redirect_networks: {
        type: 'networks',
        default: [],
        description: 'Clients in these networks get blobs from here all the same.',
      },
      distribution_layout: {
        type: 'boolean',
        default: false,
        description:
          'Place blobs under the keys that CNCF Distribution gives them. Each blob is copied once more within the bucket then; otherwise it stays where it was uploaded to.',
      },
    },
  },
  secret_key: {
    type: 'key',
    description:
      'The key that seals secrets in the database: 32 bytes in base64. Without it (and without `secret_key_file`) one is made at first start and kept in `secret.key` in the data directory. Replicas share it.',
    secret: true,
  },
  secret_key_file: { type: 'text', description: 'File that holds `secret_key`.' },
  admin_password: {
    type: 'text',
    description:
      'Password of the administrator `admin`, used once, when first start creates him. Without it one is generated.',
    secret: true,
  },
  auth: {
    token_minutes: {
      type: 'integer',
      default: 30,
      minimum: 1,
      maximum: 1440,
      description: 'Minutes that a registry token is valid, until the setting `token_expiration` is changed.',
    },
    offline_token_days: {
      type: 'integer',
      default: 90,
      minimum: 1,
      maximum: 3650,
      description: 'Days that an offline (refresh) token of the Docker token protocol is valid.',
    },
    session_minutes: {
      type: 'integer',
      default: 60,
      minimum: 1,
      maximum: 43200,
      description:
        'Minutes that a session of the portal is valid, until the setting `session_timeout` is changed.',
    },
  },
  registry: {
    sparse_index: {
      type: 'boolean',
      default: false,
      description: 'Whether an index may be pushed before all the manifests that it names are there.',
    },
    sparse_images: {
      type: 'boolean',
      default: false,
      description: 'Whether an image may be pushed before all the blobs that it names are there.',
    },
    manifest_max_bytes: {
      type: 'integer',
      default: 4194304,
      minimum: 4096,
      maximum: 67108864,
      description: 'Largest manifest that is accepted, in bytes.',
    },
    pull_flush_seconds: {
      type: 'integer',
      default: 1,
      minimum: 0,
      maximum: 60,
      description:
        'Pull counts, pull times and audit entries of pulls are gathered in memory for so many seconds and written together; a crash loses what is not written. `0` writes each before its pull is answered.',
    },
    upload_expiry_hours: {
      type: 'integer',
      default: 168,
      minimum: 1,
      maximum: 8760,
      description: 'Hours after which an upload that nobody continues is purged.',
    },
  },
  trash: {
    days: {
      type: 'integer',
      default: 7,
      minimum: 0,
      maximum: 3650,
      description:
        'How many days a deleted artifact, tag or repository can be restored. The bytes stay in the store as long, and do not count in the quota of the project. `0`: not at all.',
    },
  },
  gc: {
    grace: {
      type: 'duration',
      default: '24h',
      description:
        'How long a blob that nothing references is safe after it was last uploaded or offered: the time that a push may take.',
    },
    continuous: {
      type: 'boolean',
      default: true,
      description:
        'Whether space is reclaimed all the time, a little at once. Without it only runs that are scheduled or started reclaim it.',
    },
  },
  scrub: {
    bytes_per_second: {
      type: 'integer',
      default: 52428800,
      minimum: 65536,
      maximum: 1099511627776,
      description: 'How fast the scrub reads objects, where it is told to read them, in bytes a second.',
    },
    quarantine_days: {
      type: 'integer',
      default: 14,
      minimum: 1,
      maximum: 3650,
      description:
        'How many days the scrub keeps objects that belong to nobody, and damaged ones, before they are deleted.',
    },
    weekly: {
      type: 'boolean',
      default: true,
      description: 'Whether the scrub runs on Sundays at 03:17 UTC, as long as no other schedule is set.',
    },
  },
  jobs: {
    concurrency: {
      type: 'integer',
      default: 10,
      minimum: 1,
      maximum: 1000,
      description: 'How many tasks this process runs at once.',
    },
    take_over_seconds: {
      type: 'integer',
      default: 15,
      minimum: 3,
      maximum: 3600,
      description:
        'After how many seconds a worker that is not heard of is taken for dead, and others go on with its tasks. It says every second that it lives.',
    },
    keep_executions: {
      type: 'integer',
      default: 50,
      minimum: 1,
      maximum: 100000,
      description:
        'How many executions that are over are kept of each policy, and of each kind of work of the system, with their tasks and logs.',
    },
  },
  events: {
    give_up_minutes: {
      type: 'integer',
      default: 15,
      minimum: 1,
      maximum: 43200,
      description:
        'For how long a part of the program tries to take an event that it fails at, before the event is put aside as a dead letter and the next one follows. Administrators see and replay dead letters under `/api/v2.0/system/events`.',
    },
  },
  webhooks: {
    timeout_seconds: {
      type: 'integer',
      default: 5,
      minimum: 1,
      maximum: 300,
      description: 'How long a call of a webhook may take in all.',
    },
    give_up_minutes: {
      type: 'integer',
      default: 60,
      minimum: 1,
      maximum: 43200,
      description:
        'For how long a target may be down before what has waited so long is given up. Until then everything that happens waits for it, in order; what was given up can be replayed.',
    },
    keep_deliveries: {
      type: 'integer',
      default: 200,
      minimum: 1,
      maximum: 100000,
      description: 'How many deliveries that have arrived are kept of each webhook.',
    },
  },
  outbound: {
    allow_networks: {
      type: 'networks',
      default: [],
      description:
        'Addresses and networks (CIDR) that may be called although they are not public: by webhooks, for instance. Without it nothing private, local to the machine or link-local is called.',
    },
    allow_hosts: {
      type: 'names',
      default: [],
      description:
        'Names of hosts that may be called although their addresses are private; `*.example.com` stands for all below `example.com`. Link-local addresses, where clouds offer secrets, must be named in `outbound.allow_networks`.',
    },
    proxy: {
      type: 'text',
      description:
        'An HTTP proxy through which everything is called: `http://user:password@proxy.example.com:3128`.',
      secret: true,
    },
    no_proxy: {
      type: 'names',
      default: [],
      description: 'Hosts that are called without `outbound.proxy`; `*.example.com` for all below one.',
    },
    ca_file: {
      type: 'text',
      description: 'PEM file with authorities that are trusted in addition to those that everybody trusts.',
    },
  },
  settings: {
    type: 'values',
    default: {},
    description:
      'Settings that nobody changes at run time, by the names of `GET /api/v2.0/configurations`: there they are shown as not editable, and a change of them is refused. The variable of `settings.read_only` is `PORTOLAN_SETTINGS_READ_ONLY`.',
  },
  log: {
    level: {
      type: 'choice',
      choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace'],
      default: 'info',
      description: 'The least severe entries that are logged.',
    },
    format: {
      type: 'choice',
      choices: ['auto', 'json', 'text'],
      default: 'auto',
      description: '`json`: one object a line. `text`: for people. `auto`: text on a terminal, else JSON.',
    },
    file: {
      type: 'text',
      description:
        'File into which the log is written as well, as JSON; each process needs one of its own. It is rotated: `portolan.log.1` is the one before.',
    },
    file_bytes: {
      type: 'integer',
      default: 10485760,
      minimum: 1024,
      maximum: 1099511627776,
      description: 'Size at which a new file is begun.',
    },
    files: {
      type: 'integer',
      default: 5,
      minimum: 1,
      maximum: 1000,
      description: 'How many files are kept, the one that is written among them.',
    },
    syslog: {
      type: 'text',
      description:
        'Syslog receiver that gets the log as well (RFC 5424): `udp://`, `tcp://` or `tls://host:port`. While it is away up to 10,000 entries wait in memory.',
    },
  },
  metrics: {
    port: {
      type: 'integer',
      default: 0,
      minimum: 0,
      maximum: 65535,
      description:
        'TCP port on which this process shows its metrics (`/metrics`, for Prometheus) and its health (`/healthz`), workers too. Nobody is asked who he is there: keep it away from clients. `0`: not at all.',
    },
    address: {
      type: 'text',
      default: '127.0.0.1',
      description:
        'Address on which `metrics.port` is opened. Where Prometheus runs on another machine or in another container: `0.0.0.0`, and a firewall.',
    },
    projects: {
      type: 'integer',
      default: 1000,
      minimum: 0,
      maximum: 100000,
      description: 'Of how many projects, the oldest first, the metrics have figures of their own.',
    },
  },
  tracing: {
    endpoint: {
      type: 'text',
      description:
        'An OpenTelemetry collector that traces are sent to (OTLP over HTTP): `http://collector.example.com:4318`; `/v1/traces` is appended where there is no path. Without it nothing is traced. `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` hold.',
    },
    ratio: {
      type: 'number',
      default: 1,
      minimum: 0,
      maximum: 1,
      description:
        'Which part of the traces that begin here is recorded. For a request that belongs to a trace already, its caller has decided.',
    },
  },
  drain_seconds: {
    type: 'integer',
    default: 10,
    minimum: 0,
    maximum: 600,
    description: 'How long requests in flight may go on after SIGTERM.',
  },
} as const satisfies Group

/** The configuration as files write it: snake_case, defaults filled in. */
export type ConfigDocument = DocumentOf<typeof configSchema>

/**
 * The configuration in force: frozen, camelCase, paths absolute. `storage.filesystem.directory` is
 * always there.
 */
export type Config = ConfigOf<Omit<ConfigDocument, 'storage'>> & {
  readonly storage: ConfigOf<ConfigDocument['storage']> & {
    readonly filesystem: { readonly directory: string }
  }
}
