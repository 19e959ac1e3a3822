import type { Principal } from '../access/model.ts'
import type { Filter, Order, Page } from '../platform/db/list.ts'
import { countProjects, type ProjectField, selectProjects, selectRelations } from './list-store.ts'
import type { ListedProject, Project } from './model.ts'
import type { ProjectsDeps } from './service.ts'
import { viewerOf } from './viewer.ts'

/** A project with everything that its readers are shown. */
export interface DetailedProject extends ListedProject {
  repositories: number
}

export interface ProjectListRequest {
  filters: readonly Filter<ProjectField>[]
  orders: readonly Order<ProjectField>[]
  page: Page
}

/** One page of the projects that the caller may see, and how many there are in all. A fixed number of statements. */
export async function listProjects(
  deps: ProjectsDeps,
  principal: Principal,
  { filters, orders, page }: ProjectListRequest,
): Promise<{ projects: DetailedProject[]; total: number }> {
  const viewer = viewerOf(principal)
  const [rows, total] = await Promise.all([
    selectProjects(deps.db, viewer, filters, orders, page),
    countProjects(deps.db, viewer, filters),
  ])
  const counts = await deps.countRepositories(
    deps.db,
    rows.map((row) => row.id),
  )
  return { projects: rows.map((row) => ({ ...row, repositories: counts.get(row.id) ?? 0 })), total }
}

/** The project with owner, the caller's roles and the number of its repositories. */
export async function describeProject(
  deps: ProjectsDeps,
  principal: Principal,
  project: Project,
): Promise<DetailedProject> {
  const [relations, counts] = await Promise.all([
    selectRelations(deps.db, project.id, viewerOf(principal).userId),
    deps.countRepositories(deps.db, [project.id]),
  ])
  return { ...project, ...relations, repositories: counts.get(project.id) ?? 0 }
}
