import type { Answer } from '../harness/http.ts'
import type { Operation } from '../harness/openapi.ts'

/** Nothing at all, where there is no schedule, is what Harbor answers and its clients expect. */
const MAY_BE_EMPTY = new Set(['getGCSchedule 200', 'getPurgeSchedule 200'])

/**
 * What in status and content type of an answer is not as the description of its operation says. A range of statuses
 * describes nothing that a client could rely on, and counts as a complaint too.
 */
export function undocumented(operation: Operation, answer: Answer): string | undefined {
  const { id, method, mediaTypes } = operation
  const at = `${id} ${answer.status}`
  const described = mediaTypes[String(answer.status)]
  if (described === undefined) {
    const range = `${String(answer.status)[0]}XX`
    return range in mediaTypes ? `${at}: by a range only` : `${at}: status not described`
  }
  // Of HEAD the description tells what GET would have.
  if (method === 'HEAD') return undefined
  if (answer.body.length === 0) {
    return described.length === 0 || MAY_BE_EMPTY.has(at) ? undefined : `${at}: empty, and not ${described}`
  }
  const type = (answer.headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''

  return described.includes(type) ? undefined : `${at}: ${type || 'of no type'}, and not ${described}`
}
