import type * as Wire from '@portolan/api/artifacts'
import { toWire as labelToWire } from '../labels/wire.ts'
import { NO_TIME } from '../platform/http/wire-time.ts'
import { accessoryIconOf, iconOf } from './icons/builtin.ts'
import type { DetailedArtifact } from './listing.ts'
import type { ListedAccessory, ListedChild, ListedTag } from './model.ts'
import { additionsOf } from './processors/table.ts'

/** An artifact in Harbor's shape. */
export function toWire(artifact: DetailedArtifact): Wire.Artifact {
  return {
    id: artifact.id,
    type: artifact.type ?? 'UNKNOWN',
    media_type: artifact.mediaType,
    manifest_media_type: artifact.manifestMediaType,
    ...(artifact.artifactType === undefined ? {} : { artifact_type: artifact.artifactType }),
    project_id: artifact.projectId,
    repository_id: artifact.repositoryId,
    repository_name: `${artifact.projectName}/${artifact.repositoryName}`,
    digest: artifact.digest,
    size: artifact.size,
    icon: iconOf({ icon: artifact.icon ?? null, type: artifact.type ?? null }),
    push_time: artifact.pushTime.toISOString(),
    pull_time: artifact.pullTime?.toISOString() ?? NO_TIME,
    ...(Object.keys(artifact.attributes).length > 0 ? { extra_attrs: artifact.attributes } : {}),
    ...(Object.keys(artifact.annotations).length > 0 ? { annotations: artifact.annotations } : {}),
    references: orNull(artifact.children.map(referenceToWire)),
    tags: orNull(artifact.tags.map(tagToWire)),
    ...additionLinks(artifact),
    labels: orNull(artifact.labels.map(labelToWire)),
    accessories: orNull(artifact.accessories.map(accessoryToWire)),
    ...(artifact.inheritedAccessories.length > 0
      ? { inherited_accessories: artifact.inheritedAccessories.map(accessoryToWire) }
      : {}),
  }
}

/** Where the additions of an artifact are to be read. Harbor encodes the name of the repository twice. */
function additionLinks(artifact: DetailedArtifact): Pick<Wire.Artifact, 'addition_links'> {
  const names = additionsOf({
    ...artifact,
    type: artifact.type ?? null,
    configMediaType: artifact.mediaType,
  })
  if (names.length === 0) return {}
  const repository = artifact.repositoryName.replaceAll('/', '%252F')
  const base = `/api/v2.0/projects/${artifact.projectName}/repositories/${repository}/artifacts/${artifact.digest}`
  const links = names.map((name) => [name, { absolute: false, href: `${base}/additions/${name}` }] as const)
  return { addition_links: Object.fromEntries(links) }
}

export function accessoryToWire(accessory: ListedAccessory): Wire.Accessory {
  return {
    id: accessory.id,
    artifact_id: accessory.id,
    ...(accessory.subjectId === undefined ? {} : { subject_artifact_id: accessory.subjectId }),
    subject_artifact_digest: accessory.subjectDigest,
    subject_artifact_repo: accessory.repository,
    size: accessory.size,
    digest: accessory.digest,
    type: accessory.type,
    icon: accessoryIconOf(accessory.type),
    creation_time: accessory.creationTime.toISOString(),
  }
}

export function tagToWire(tag: ListedTag): Wire.Tag {
  return {
    id: tag.id,
    repository_id: tag.repositoryId,
    artifact_id: tag.artifactId,
    name: tag.name,
    push_time: tag.pushTime.toISOString(),
    pull_time: tag.pullTime?.toISOString() ?? NO_TIME,
    immutable: tag.immutable ?? false,
  }
}

function referenceToWire({ parentId, childId, digest, platform, annotations }: ListedChild): Wire.Reference {
  return {
    parent_id: parentId,
    ...(childId === undefined ? {} : { child_id: childId }),
    child_digest: digest,
    ...(platform && { platform: platformToWire(platform) }),
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
    urls: null,
  }
}

function platformToWire(platform: Record<string, unknown>): NonNullable<Wire.Reference['platform']> {
  const text = (name: string, as: string) =>
    typeof platform[name] === 'string' ? { [as]: platform[name] } : {}
  const features = platform['os.features']
  return {
    ...text('architecture', 'architecture'),
    ...text('os', 'os'),
    ...text('os.version', 'OsVersion'),
    OsFeatures: Array.isArray(features) ? features.map(String) : null,
    ...text('variant', 'variant'),
  }
}

/** Harbor's lists within an artifact are null where they are empty. */
function orNull<T>(list: T[]): T[] | null {
  return list.length > 0 ? list : null
}
