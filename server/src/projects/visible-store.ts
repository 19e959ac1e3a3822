import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Viewer } from './viewer.ts'

/**
 * Whether the viewer may see a project, as a condition on `projects`. Memberships are asked for as a set and
 * not by project: the planner then reads the user's once, however many projects there are.
 */
export function visibleTo(viewer: Viewer): RawBuilder<SqlBool> {
  if (viewer.all) return sql<SqlBool>`true`
  if (viewer.within) {
    const named = sql<SqlBool>`projects.id = ANY(${[...viewer.within]}::bigint[])`
    return sql<SqlBool>`(projects.public OR (${named} AND ${participating(viewer)}))`
  }
  return sql<SqlBool>`(projects.public OR ${participating(viewer)})`
}

/** Whether the viewer takes part in a project, as a member, by a group of his, or as its robot; public ones do not count. */
function participating({ userId, projectIds }: Viewer): RawBuilder<SqlBool> {
  const listed = sql<SqlBool>`projects.id = ANY(${[...projectIds]}::bigint[])`
  if (userId === undefined) return listed
  return sql<SqlBool>`(${listed} OR projects.id IN (
    SELECT members.project_id FROM members
    WHERE members.entity_type = 'u' AND members.entity_id = ${userId}
    UNION ALL
    SELECT members.project_id FROM user_group_members
    JOIN members ON members.entity_type = 'g' AND members.entity_id = user_group_members.group_id
    WHERE user_group_members.user_id = ${userId}))`
}
