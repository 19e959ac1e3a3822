import type * as Wire from '@portolan/api/projects'
import { ROLE_IDS } from '../access/roles.ts'
import { NO_TIME } from '../platform/http/wire-time.ts'
import type { DetailedProject } from './listing.ts'
import { allMetadata } from './metadata/model.ts'
import type { Allowlist } from './model.ts'
import type { Summary } from './summary.ts'

/** Role ids, the one that allows most first. */
const STRENGTH: readonly number[] = [
  ROLE_IDS.projectAdmin,
  ROLE_IDS.maintainer,
  ROLE_IDS.developer,
  ROLE_IDS.guest,
  ROLE_IDS.limitedGuest,
]

/** A project in Harbor's shape. Without `detail`, only what names it and the caller's roles. */
export function toWire(project: DetailedProject, detail = true): Wire.Project {
  // Roles that people have made have no rank: one of them stands only where there is no other.
  const strongest = STRENGTH.find((id) => project.roleIds.includes(id)) ?? project.roleIds[0]
  return {
    project_id: project.id,
    owner_id: project.ownerId,
    name: project.name,
    creation_time: project.creationTime.toISOString(),
    update_time: project.updateTime.toISOString(),
    ...(strongest === undefined ? {} : { current_user_role_id: strongest }),
    current_user_role_ids: project.roleIds.length > 0 ? project.roleIds : null,
    repo_count: detail ? project.repositories : 0,
    ...(detail
      ? {
          owner_name: project.ownerName ?? '',
          metadata: allMetadata(project),
          cve_allowlist: allowlist(project.id, project.allowlist),
        }
      : { cve_allowlist: { items: null, creation_time: NO_TIME, update_time: NO_TIME } }),
  }
}

function allowlist(projectId: number, { items, expiresAt }: Allowlist): Wire.CVEAllowlist {
  return {
    id: projectId,
    project_id: projectId,
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
    items: items.map((cve_id) => ({ cve_id })),
    creation_time: NO_TIME,
    update_time: NO_TIME,
  }
}

/** The allow list of a request, each entry once; undefined where the request has none. */
export function fromWireAllowlist(list: Wire.ProjectReq['cve_allowlist']): Allowlist | undefined {
  if (!list) return undefined
  const items = [...new Set((list.items ?? []).map((item) => item.cve_id))]
  return list.expires_at ? { items, expiresAt: list.expires_at } : { items }
}

export function summaryToWire({ repositories, members, quota }: Summary): Wire.ProjectSummary {
  return {
    repo_count: repositories,
    ...(members && {
      project_admin_count: members.projectAdmin,
      maintainer_count: members.maintainer,
      developer_count: members.developer,
      guest_count: members.guest,
      limited_guest_count: members.limitedGuest,
    }),
    ...(quota && { quota: { hard: { storage: quota.limit }, used: { storage: quota.used } } }),
  }
}
