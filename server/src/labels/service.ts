import type { Actor, Principal } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import type { Filter, Order, Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { admitToLabels } from './access.ts'
import { checkLabel, type Label, type LabelText } from './model.ts'
import * as store from './store.ts'

export interface LabelsDeps {
  db: Database
}

/** Who asks: what he may do is decided here, because no path names the project of a label. */
export interface Caller {
  principal: Principal
  actor: Actor
}

export interface LabelListRequest {
  /** Undefined: the global labels. */
  projectId: number | undefined
  filters: readonly Filter<store.LabelField>[]
  orders: readonly Order<store.LabelField>[]
  page: Page
}

/** One page of the labels of a project, or of the global ones, and how many there are. */
export async function listLabels(
  deps: LabelsDeps,
  principal: Principal,
  { projectId, filters, orders, page }: LabelListRequest,
): Promise<{ labels: Label[]; total: number }> {
  await admitToLabels(deps, principal, projectId, 'list')
  const [labels, total] = await Promise.all([
    store.selectLabels(deps.db, projectId, filters, orders, page),
    store.countLabels(deps.db, projectId, filters),
  ])
  return { labels, total }
}

/** The label of that id, if the caller may read it. Throws not-found. */
export async function getLabel(deps: LabelsDeps, principal: Principal, id: number): Promise<Label> {
  const label = await existing(deps, id)
  await admitToLabels(deps, principal, label.projectId, 'read')
  return label
}

/** Creates a label and answers its id. Throws bad-request for a bad name, conflict where it is taken. */
export async function createLabel(
  deps: LabelsDeps,
  { principal, actor }: Caller,
  projectId: number | undefined,
  text: LabelText,
): Promise<number> {
  const project = await admitToLabels(deps, principal, projectId, 'create')
  checkLabel(text)
  return await deps.db.transaction().execute(async (tx) => {
    const id = await store.insertLabel(tx, projectId, text)
    if (id === undefined) throw taken(text.name)
    const payload = { labelId: id, name: text.name, projectId, projectName: project?.name, actor }
    await emit(tx, { type: 'label.created', payload })
    return id
  })
}

/** Changes name, description and colour; scope and project stay. Throws as `createLabel`, and not-found. */
export async function changeLabel(
  deps: LabelsDeps,
  { principal, actor }: Caller,
  id: number,
  text: LabelText,
): Promise<void> {
  // The label's own project decides, not one that the caller names.
  const { projectId } = await existing(deps, id)
  const project = await admitToLabels(deps, principal, projectId, 'update')
  checkLabel(text)
  await deps.db.transaction().execute(async (tx) => {
    const outcome = await store.updateLabel(tx, id, text)
    if (outcome === 'absent') throw missing(id)
    if (outcome === 'taken') throw taken(text.name)
    const payload = { labelId: id, name: text.name, projectId, projectName: project?.name, actor }
    await emit(tx, { type: 'label.updated', payload })
  })
}

/** Deletes a label and takes it off the artifacts that bear it. Throws not-found. */
export async function removeLabel(deps: LabelsDeps, { principal, actor }: Caller, id: number): Promise<void> {
  const { projectId, name } = await existing(deps, id)
  const project = await admitToLabels(deps, principal, projectId, 'delete')
  await deps.db.transaction().execute(async (tx) => {
    if (!(await store.deleteLabel(tx, id))) throw missing(id)
    const payload = { labelId: id, name, projectId, projectName: project?.name, actor }
    await emit(tx, { type: 'label.deleted', payload })
  })
}

async function existing(deps: LabelsDeps, id: number): Promise<Label> {
  const label = await store.findLabel(deps.db, id)
  if (!label) throw missing(id)
  return label
}

function missing(id: number): DomainError {
  return new DomainError('not-found', `label ${id} not found`)
}

function taken(name: string): DomainError {
  return new DomainError('conflict', `label ${name} already exists`)
}
