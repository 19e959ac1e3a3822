import Type, { type Static } from 'typebox'
import { ListQuery } from './paging.ts'

/** Every key that a project's metadata may have; values are strings on the wire. */
export const ProjectMetadata = Type.Object({
  public: Type.Optional(Type.String()),
  enable_content_trust: Type.Optional(Type.String()),
  enable_content_trust_cosign: Type.Optional(Type.String()),
  prevent_vul: Type.Optional(Type.String()),
  severity: Type.Optional(Type.String()),
  auto_scan: Type.Optional(Type.String()),
  auto_sbom_generation: Type.Optional(Type.String()),
  reuse_sys_cve_allowlist: Type.Optional(Type.String()),
  retention_id: Type.Optional(Type.String()),
  proxy_speed_kb: Type.Optional(Type.String()),
  max_upstream_conn: Type.Optional(Type.String()),
  proxy_cache_local_on_not_found: Type.Optional(Type.String()),
  proxy_referrer_api: Type.Optional(Type.String()),
  proxy_cache_filter_pattern: Type.Optional(Type.String()),
  proxy_cache_filter_kind: Type.Optional(Type.String()),
})
export type ProjectMetadata = Static<typeof ProjectMetadata>

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]))

const CVEAllowlistItem = Type.Object({ cve_id: Type.String({ maxLength: 255 }) })

/** Vulnerabilities that a project tolerates. */
export const CVEAllowlist = Type.Object({
  id: Type.Optional(Type.Integer()),
  project_id: Type.Optional(Type.Integer()),
  expires_at: Type.Optional(Type.Integer()),
  items: Type.Union([Type.Array(CVEAllowlistItem), Type.Null()]),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
})
export type CVEAllowlist = Static<typeof CVEAllowlist>

/** What creates or changes a project. Fields that a client leaves null count as absent. */
export const ProjectReq = Type.Object({
  project_name: Type.Optional(Type.String({ maxLength: 255 })),
  public: Nullable(Type.Boolean()),
  metadata: Nullable(
    Type.Object(
      Object.fromEntries(
        Object.keys(ProjectMetadata.properties).map((name) => [name, Nullable(Type.String())]),
      ),
    ) as unknown as Type.TUnsafe<Record<keyof ProjectMetadata, string | null | undefined>>,
  ),
  cve_allowlist: Nullable(
    Type.Object({
      items: Nullable(Type.Array(CVEAllowlistItem, { maxItems: 10_000 })),
      expires_at: Nullable(Type.Integer()),
    }),
  ),
  storage_limit: Nullable(Type.Integer()),
  registry_id: Nullable(Type.Integer()),
})
export type ProjectReq = Static<typeof ProjectReq>

/** A project as its readers see it. */
export const Project = Type.Object({
  project_id: Type.Integer(),
  owner_id: Type.Integer(),
  name: Type.String(),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
  owner_name: Type.Optional(Type.String()),
  /** The strongest role of the caller; absent where he has none. */
  current_user_role_id: Type.Optional(Type.Integer()),
  current_user_role_ids: Type.Union([Type.Array(Type.Integer()), Type.Null()]),
  repo_count: Type.Integer(),
  metadata: Type.Optional(ProjectMetadata),
  cve_allowlist: CVEAllowlist,
})
export type Project = Static<typeof Project>

export const ProjectList = Type.Array(Project)

export const ProjectListQuery = Type.Object({
  ...ListQuery,
  name: Type.Optional(Type.String({ description: 'The name contains this.' })),
  public: Type.Optional(Type.Boolean()),
  owner: Type.Optional(Type.String({ description: 'Name of the owner.' })),
  with_detail: Type.Boolean({
    default: true,
    description: 'With metadata, allow list, owner and repository count.',
  }),
})
export type ProjectListQuery = Static<typeof ProjectListQuery>

export const ProjectHeadQuery = Type.Object({ project_name: Type.String({ minLength: 1 }) })

/** Path of everything below one project. */
export const ProjectParams = Type.Object({ project_name_or_id: Type.String({ minLength: 1 }) })
export const ProjectMetadataParams = Type.Object({
  ...ProjectParams.properties,
  meta_name: Type.String({ minLength: 1 }),
})

export const ProjectDeletable = Type.Object({
  /** Absent where it is false. */
  deletable: Type.Optional(Type.Boolean()),
  message: Type.Optional(Type.String()),
})
export type ProjectDeletable = Static<typeof ProjectDeletable>

const Resources = Type.Object({ storage: Type.Integer({ description: 'Bytes; -1 without limit.' }) })

export const ProjectSummary = Type.Object({
  repo_count: Type.Integer(),
  /** The counts are absent for those who may not list members. */
  project_admin_count: Type.Optional(Type.Integer()),
  maintainer_count: Type.Optional(Type.Integer()),
  developer_count: Type.Optional(Type.Integer()),
  guest_count: Type.Optional(Type.Integer()),
  limited_guest_count: Type.Optional(Type.Integer()),
  quota: Type.Optional(Type.Object({ hard: Resources, used: Resources })),
})
export type ProjectSummary = Static<typeof ProjectSummary>

/** Metadata one by one: exactly one pair where it is written. */
export const ProjectMetadataPair = Type.Record(Type.String(), Type.String())
