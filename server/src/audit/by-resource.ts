import { createLru } from '../lib/lru.ts'
import type { Database } from '../platform/db/database.ts'
import type { Order, Page } from '../platform/db/list.ts'
import { nearestWindow } from '../platform/db/window.ts'
import { countGroups, countPeriods } from './counts-store.ts'
import {
  countStretches,
  filtersOfSurvey,
  longestOf,
  mergeCells,
  type Survey,
  stretchesOf,
  weightOf,
} from './landmarks.ts'
import { countNewer, countRemovals, type Surveyed, takeSurvey, withSnapshot } from './landmarks-store.ts'
import { listRows, walkRows } from './list-store.ts'
import type { AuditRow } from './model.ts'
import type { AuditField, AuditSelection } from './selection.ts'

/** What is done in which of several ways. */
export interface ResourceLimits {
  /** So many rows at most are all read and sorted; so many where there is a survey. */
  sorted: number
  sortedBesideSurvey: number
  /** So many entries of the index are passed over before a survey is thought of. */
  walked: number
  /** Rows between two landmarks, of a log that is not so large that there would be too many. */
  apart: number
  /** Rows that are not in a survey and are counted page by page: with more, those are added that have been there for long. */
  newer: number
  /** Ids so near to the last may be of rows that are still being written. */
  unsettled: number
}

const LIMITS: ResourceLimits = {
  sorted: 2_500,
  sortedBesideSurvey: 1_000,
  walked: 20_000,
  apart: 2_000,
  newer: 2_000,
  unsettled: 1_000,
}
const MOST_LANDMARKS = 500
const MOST_BYTES = 16 * 2 ** 20
/** A stretch that has grown so many times calls for new landmarks. */
const MOST_GROWTH = 4

/** Lists by resource. */
export interface ResourceOrder {
  /** Undefined where counts do not tell how many rows there are, or surveys do not hold. */
  list(
    selection: AuditSelection,
    order: Order<AuditField>,
    page: Page,
  ): Promise<{ rows: AuditRow[]; total: number } | undefined>
}

type Found = { rows: AuditRow[]; total: number } | 'uncounted' | 'unsurveyed' | 'stale'

/**
 * Finds pages in the order of resources by surveys: these are taken once, in one pass over the index, and serve all callers
 * and all pages from then on, since rows that came later are counted in addition. A survey holds as long as no row was removed
 * and it has as many rows of the selection as the counts: then it has them all, also those that came late with a small id.
 */
export function createResourceOrder(deps: { db: Database }, limits = LIMITS): ResourceOrder {
  const surveys = createLru<string, Survey>(MOST_BYTES, weightOf)
  /** One at a time. */
  let pending: { key: string; done: Promise<Survey> } | undefined

  async function survey(key: string, surveyed: Surveyed): Promise<Survey | undefined> {
    const kept = surveys.get(key)
    if (kept) return kept
    if (pending) return pending.key === key ? await pending.done : undefined
    const done = take(surveyed)
    pending = { key, done }
    try {
      const taken = await done
      surveys.set(key, taken)
      return taken
    } finally {
      pending = undefined
    }
  }

  async function take(surveyed: Surveyed): Promise<Survey> {
    const everything = { legacy: surveyed.legacy, scope: { all: true, projectIds: [] }, filters: [] }
    const rows = sum((await countPeriods(deps.db, everything)) ?? [])
    const stretches = Math.min(Math.max(Math.ceil(rows / limits.apart), 1), MOST_LANDMARKS)
    return await takeSurvey(deps.db, surveyed, { rows, stretches, unsettled: limits.unsettled })
  }

  async function read(
    tx: Database,
    { selection, order, page }: { selection: AuditSelection; order: Order<AuditField>; page: Page },
    known: { key: string; surveyed: Surveyed; survey: Survey | undefined },
  ): Promise<Found> {
    // By any column that all cells have: those of all time are fewer than those of periods.
    const groups = await countGroups(tx, selection, 'op_result')
    if (!groups) return 'uncounted'
    const total = sum(groups)
    const window = nearestWindow(page, total)
    if (window.limit === 0) return { rows: [], total }
    if (total <= (known.survey ? limits.sortedBesideSurvey : limits.sorted))
      return { rows: await listRows(tx, selection, [order], window, { few: true }), total }
    if (known.survey) {
      const part = await locate(tx, { selection, order, page, total }, { ...known, survey: known.survey })
      return part ? { rows: await listRows(tx, selection, [order], part.window, part), total } : 'stale'
    }
    if (window.offset + window.limit > limits.walked) return 'unsurveyed'
    const rows = await walkRows(tx, selection, order, window, limits.walked)
    return rows.length === window.limit ? { rows, total } : 'unsurveyed'
  }

  /** Between which landmarks a page lies; undefined: the survey is not true any more. */
  async function locate(
    tx: Database,
    asked: { selection: AuditSelection; order: Order<AuditField>; page: Page; total: number },
    { key, surveyed, survey }: { key: string; surveyed: Surveyed; survey: Survey },
  ) {
    if ((await countRemovals(tx, surveyed)) !== survey.removals) return undefined
    const newer = await countNewer(tx, surveyed, survey, limits.unsettled)
    const { selection, order, page, total } = asked
    const { landmarks } = survey
    const stretches = countStretches(landmarks.length, [...survey.cells, ...newer.cells], selection)
    if (stretches.reduce((all, rows) => all + rows, 0) !== total) return undefined
    if (sum(newer.cells) > limits.newer) settle(key, survey, newer)

    const limit = Math.min(page.limit, total - page.offset)
    const offset = order.descending ? total - page.offset - limit : page.offset
    const place = stretchesOf(stretches, { offset, limit })
    const ahead = order.descending ? place.rows - place.offset - limit : place.offset
    const between = { from: landmarks[place.first - 1], to: landmarks[place.last] }
    return { few: false, between, window: nearestWindow({ offset: ahead, limit }, place.rows) }
  }

  function settle(key: string, survey: Survey, newer: Awaited<ReturnType<typeof countNewer>>): void {
    const cells = mergeCells([...survey.cells, ...newer.settledCells])
    if (longestOf(survey.landmarks.length, cells) > MOST_GROWTH * survey.longest) surveys.delete(key)
    else surveys.set(key, { ...survey, cells, settled: newer.settled })
  }

  return {
    async list(selection, order, page) {
      const asked = { selection, order, page }
      const surveyed = { legacy: selection.legacy ?? false, filters: filtersOfSurvey(selection.filters) }
      const key = JSON.stringify(surveyed)
      let known = surveys.get(key)
      let found = await withSnapshot(deps.db, (tx) => read(tx, asked, { key, surveyed, survey: known }))
      if (found === 'unsurveyed') {
        known = await survey(key, surveyed)
        if (!known) return undefined
        found = await withSnapshot(deps.db, (tx) => read(tx, asked, { key, surveyed, survey: known }))
      }
      if (found === 'stale' && surveys.get(key) === known) surveys.delete(key)
      return typeof found === 'string' ? undefined : found
    },
  }
}

function sum(parts: readonly { rows: number }[]): number {
  return parts.reduce((total, { rows }) => total + rows, 0)
}
