import Type, { type Static } from 'typebox'
import { LabelList } from './labels.ts'
import { ListQuery, PageQuery } from './paging.ts'
import { ProjectParams } from './projects.ts'
import { RepositoryParams } from './repositories.ts'

const Time = Type.String({ format: 'date-time' })
const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** Path of one artifact, by a tag or by its digest. */
export const ArtifactParams = Type.Object({
  ...RepositoryParams.properties,
  reference: Type.String({ minLength: 1, maxLength: 255 }),
})

export const TagParams = Type.Object({
  ...ArtifactParams.properties,
  tag_name: Type.String({ minLength: 1, maxLength: 255 }),
})

/** What an answer is to carry beside the artifact itself. */
const Details = {
  with_tag: Type.Boolean({ default: true }),
  with_label: Type.Boolean({ default: false }),
  with_scan_overview: Type.Boolean({ default: false }),
  with_sbom_overview: Type.Boolean({ default: false }),
  with_immutable_status: Type.Boolean({ default: false }),
  with_accessory: Type.Boolean({ default: false }),
  with_inherited_accessory: Type.Boolean({ default: false }),
}

export const ArtifactQuery = Type.Object({
  ...PageQuery,
  ...Details,
  with_signature: Type.Boolean({ default: false }),
})

export const ArtifactListQuery = Type.Object({ ...ListQuery, ...Details })
export type ArtifactListQuery = Static<typeof ArtifactListQuery>

export const ProjectArtifactListQuery = Type.Object({
  ...ArtifactListQuery.properties,
  latest_in_repository: Type.Boolean({
    default: false,
    description: 'Only the newest of each repository; q names a media_type or an artifact_type.',
  }),
})

export const ProjectArtifactsParams = ProjectParams

export const TagListQuery = Type.Object({
  ...ListQuery,
  with_immutable_status: Type.Boolean({ default: false }),
})

export const AccessoryListQuery = Type.Object(ListQuery)

/** Which label an artifact gets: only the id counts, and no label has the id 0. */
export const LabelChoice = Type.Object({
  id: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, default: 0 }),
})

export const ArtifactLabelParams = Type.Object({
  ...ArtifactParams.properties,
  label_id: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
})

export const NewTag = Type.Object({ name: Type.String({ maxLength: 1024 }) })

export const Tag = Type.Object({
  id: Type.Integer(),
  repository_id: Type.Integer(),
  artifact_id: Type.Integer(),
  name: Type.String(),
  push_time: Time,
  pull_time: Time,
  immutable: Type.Boolean(),
})
export type Tag = Static<typeof Tag>

export const TagList = Type.Array(Tag)

/** Names of Harbor's generated client: those with a dot in the specification of images came out like this. */
const Platform = Type.Object({
  architecture: Type.Optional(Type.String()),
  os: Type.Optional(Type.String()),
  OsVersion: Type.Optional(Type.String()),
  OsFeatures: Nullable(Type.Array(Type.String())),
  variant: Type.Optional(Type.String()),
})

const Annotations = Type.Record(Type.String(), Type.String())

/** A child of an index. */
export const Reference = Type.Object({
  parent_id: Type.Integer(),
  /** Absent where the child is not there. */
  child_id: Type.Optional(Type.Integer()),
  child_digest: Type.String(),
  platform: Type.Optional(Platform),
  annotations: Type.Optional(Annotations),
  urls: Nullable(Type.Array(Type.String())),
})
export type Reference = Static<typeof Reference>

export const Accessory = Type.Object({
  id: Type.Integer(),
  artifact_id: Type.Integer(),
  /** Absent where the subject is not there. */
  subject_artifact_id: Type.Optional(Type.Integer()),
  subject_artifact_digest: Type.String(),
  subject_artifact_repo: Type.String(),
  size: Type.Integer(),
  digest: Type.String(),
  type: Type.String({
    description:
      'signature.cosign, signature.notation, accelerator.nydus, sbom.harbor or subject.accessory; attestation.buildkit, ' +
      'attestation.cosign and sbom.cosign are extensions.',
  }),
  icon: Type.String(),
  creation_time: Time,
})
export type Accessory = Static<typeof Accessory>

export const AccessoryList = Type.Array(Accessory)

const AdditionLinks = Type.Record(
  Type.String(),
  Type.Object({ absolute: Type.Boolean(), href: Type.String() }),
)

/** An artifact as its readers see it. What was not asked for is null. */
export const Artifact = Type.Object({
  id: Type.Integer(),
  type: Type.String({
    description:
      'IMAGE, CHART, CNAB, WASM, SBOM, CNAI, one derived from the media type, or UNKNOWN; ATTESTATION is an extension.',
  }),
  media_type: Type.String({ description: 'Of the config; of an index, that of the manifest.' }),
  manifest_media_type: Type.String(),
  artifact_type: Type.Optional(Type.String()),
  project_id: Type.Integer(),
  repository_id: Type.Integer(),
  repository_name: Type.String({ description: 'With the name of the project.' }),
  digest: Type.String(),
  size: Type.Integer(),
  icon: Type.Optional(Type.String()),
  push_time: Time,
  pull_time: Time,
  extra_attrs: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  annotations: Type.Optional(Annotations),
  references: Nullable(Type.Array(Reference)),
  tags: Nullable(TagList),
  addition_links: Type.Optional(AdditionLinks),
  labels: Nullable(LabelList),
  accessories: Nullable(AccessoryList),
  inherited_accessories: Type.Optional(AccessoryList),
})
export type Artifact = Static<typeof Artifact>

export const ArtifactList = Type.Array(Artifact)
