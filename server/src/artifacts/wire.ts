import type * as Wire from '@portolan/api/artifacts'
import type { DetailedArtifact } from './listing.ts'
import type { ListedChild, ListedTag } from './model.ts'

/** How Harbor writes that there is no time. */
const NO_TIME = '0001-01-01T00:00:00.000Z'

/** An artifact in Harbor's shape. */
export function toWire(artifact: DetailedArtifact): Wire.Artifact {
  return {
    id: artifact.id,
    type: 'UNKNOWN',
    media_type: artifact.artifactType ?? artifact.manifestMediaType,
    manifest_media_type: artifact.manifestMediaType,
    ...(artifact.artifactType === undefined ? {} : { artifact_type: artifact.artifactType }),
    project_id: artifact.projectId,
    repository_id: artifact.repositoryId,
    repository_name: `${artifact.projectName}/${artifact.repositoryName}`,
    digest: artifact.digest,
    size: artifact.size,
    push_time: artifact.pushTime.toISOString(),
    pull_time: artifact.pullTime?.toISOString() ?? NO_TIME,
    ...(Object.keys(artifact.annotations).length > 0 ? { annotations: artifact.annotations } : {}),
    references: orNull(artifact.children.map(referenceToWire)),
    tags: orNull(artifact.tags.map(tagToWire)),
    labels: null,
    accessories: null,
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
    immutable: false,
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
