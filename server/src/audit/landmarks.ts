import type { AuditFilter, AuditSelection } from './selection.ts'

/** A place in the order by resource, as its key. Equal resources are in the order of time. */
export interface Landmark {
  resource: string
  /** As the database writes it: it knows more than milliseconds. */
  time: string
  id: number
}

/** So many rows that are alike lie in one stretch. */
export interface Cell {
  /** Of the rows from this landmark on, counted from 1; 0: of those before the first. */
  stretch: number
  project_id: number
  operation: string
  resource_type: string
  op_result: boolean
  rows: number
}

/** How the rows of a log that match some filters lie in the order by resource. */
export interface Survey {
  landmarks: readonly Landmark[]
  cells: readonly Cell[]
  /** Rows of greater ids are not in the cells. */
  settled: number
  /** How often rows had been removed. */
  removals: number
  /** Rows of the longest stretch when it was made. */
  longest: number
}

/** Columns that cells have. */
type CellField = 'project_id' | 'operation' | 'resource_type' | 'op_result'
const CELL_FIELDS: readonly string[] = [
  'project_id',
  'operation',
  'resource_type',
  'op_result',
] satisfies CellField[]

/** Filters that cells do not answer: a survey is of the rows that match these. */
export function filtersOfSurvey(filters: readonly AuditFilter[]): AuditFilter[] {
  return filters.filter((filter) => !isOnCells(filter))
}

function isOnCells(filter: AuditFilter): boolean {
  return CELL_FIELDS.includes(filter.field) && (filter.op === 'exact' || filter.op === 'any')
}

/** How many rows of the selection each stretch has, by all of the cells. */
export function countStretches(
  landmarks: number,
  cells: Iterable<Cell>,
  { scope, filters }: AuditSelection,
): number[] {
  const stretches = new Array<number>(landmarks + 1).fill(0)
  const projects = scope.all ? undefined : new Set(scope.projectIds)
  const asked = filters.filter(isOnCells)
  for (const cell of cells) {
    if (projects && !projects.has(cell.project_id)) continue
    if (!asked.every((filter) => answers(cell, filter))) continue
    stretches[cell.stretch] = (stretches[cell.stretch] ?? 0) + cell.rows
  }
  return stretches
}

function answers(cell: Cell, filter: AuditFilter): boolean {
  const value: unknown = cell[filter.field as CellField]
  if (filter.op === 'exact') return value === filter.value
  return filter.op === 'any' && filter.values.some((other) => other === value)
}

/** The stretches that have some rows of a list, how many rows they have and how many of these come before. */
export function stretchesOf(
  stretches: readonly number[],
  { offset, limit }: { offset: number; limit: number },
): { first: number; last: number; rows: number; offset: number } {
  let before = 0
  let first = 0
  for (; first < stretches.length - 1; first += 1) {
    const rows = stretches[first] ?? 0
    if (before + rows > offset) break
    before += rows
  }
  let last = first
  let rows = stretches[first] ?? 0
  while (before + rows < offset + limit && last < stretches.length - 1) {
    last += 1
    rows += stretches[last] ?? 0
  }
  return { first, last, rows, offset: offset - before }
}

/** One cell for all that are alike. Its texts are shared with other cells. */
export function mergeCells(cells: Iterable<Cell>): Cell[] {
  const merged = new Map<string, Cell>()
  const texts = new Map<string, string>()
  const shared = (text: string) => {
    const known = texts.get(text)
    if (known === undefined) texts.set(text, text)
    return known ?? text
  }
  for (const { stretch, project_id, operation, resource_type, op_result, rows } of cells) {
    const key = JSON.stringify([stretch, project_id, operation, resource_type, op_result])
    const known = merged.get(key)
    if (known) known.rows += rows
    else {
      const kind = { operation: shared(operation), resource_type: shared(resource_type) }
      merged.set(key, { stretch, project_id, ...kind, op_result, rows })
    }
  }
  return [...merged.values()]
}

/** Rows of the stretch that has most. */
export function longestOf(landmarks: number, cells: Iterable<Cell>): number {
  const everything: AuditSelection = { scope: { all: true, projectIds: [] }, filters: [] }
  return countStretches(landmarks, cells, everything).reduce((most, rows) => Math.max(most, rows), 0)
}

/** About how many bytes are held. */
export function weightOf({ landmarks, cells }: Survey): number {
  return landmarks.length * 200 + cells.length * 100
}
