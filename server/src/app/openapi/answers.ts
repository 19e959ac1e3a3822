import { STATUS_CODES } from 'node:http'
import type { HarborOperation } from '@portolan/api/operations'
import type { RestRoute } from './route-list.ts'

interface Answer {
  description: string
  headers: Record<string, unknown>
  content?: Record<string, { schema: unknown }>
}

/** Headers that answers carry, for the components of the document. */
export const HEADERS = {
  'X-Request-Id': text('The id of the request, for the log: the one that the caller gave, or a new one.'),
  Location: text('Where the new object is.'),
  'X-Total-Count': { description: 'How many elements there are on all pages.', schema: { type: 'integer' } },
  Link: text('The pages before and after this one, as `rel="prev"` and `rel="next"`.'),
}

const REFUSALS = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 501, 503]

/** The refusals, which look alike everywhere, for the components of the document. */
export const REFUSAL_ANSWERS: Record<string, Answer> = Object.fromEntries(
  REFUSALS.map((status) => [
    refusalName(status),
    answer(String(status), ['X-Request-Id'], reference('schemas', 'Errors')),
  ]),
)

/** Every status the route may answer, with headers and body: successes from its schema, refusals from Harbor's description. */
export function answersOf(
  route: RestRoute,
  operation: HarborOperation | undefined,
): Record<string, Answer | { $ref: string }> {
  const written = Object.entries(route.schema.response ?? {}) as [string, unknown][]
  const schemas = new Map(written.map(([status, schema]) => [status.toUpperCase(), schema]))
  const expected = expectedStatuses(route, operation)
    .map(String)
    .filter((status) => !schemas.has(`${status[0]}XX`))
  const statuses = [...new Set([...schemas.keys(), ...expected])].sort()

  return Object.fromEntries(
    statuses.map((status) => [
      status,
      status >= '4' && !schemas.has(status)
        ? reference('responses', refusalName(Number(status)))
        : answer(status, headersOf(route, status), schemas.get(status)),
    ]),
  )
}

function answer(status: string, headers: string[], schema: unknown): Answer {
  return {
    description: STATUS_CODES[status] ?? 'Refused',
    headers: Object.fromEntries(headers.map((name) => [name, reference('headers', name)])),
    ...(schema === undefined ? {} : { content: contentOf(schema) }),
  }
}

/** What is no more than a text is answered as one, unless it says as what. */
function contentOf(schema: unknown): Record<string, { schema: unknown }> {
  const { anyOf, type, contentMediaType } = schema as Partial<Record<string, unknown>>
  if (Array.isArray(anyOf) && anyOf.every((one) => one.contentMediaType !== undefined))
    return Object.assign({}, ...anyOf.map(contentOf))
  const mediaType = contentMediaType ?? (type === 'string' ? 'text/plain' : 'application/json')

  return { [String(mediaType)]: { schema } }
}

function headersOf(route: RestRoute, status: string): string[] {
  return [
    'X-Request-Id',
    ...(status === '201' ? ['Location'] : []),
    ...(status === '200' && isPaged(route) ? ['X-Total-Count', 'Link'] : []),
  ]
}

function refusalName(status: number): string {
  return (STATUS_CODES[status] ?? String(status)).replace(/\W/g, '')
}

function reference(kind: string, name: string): { $ref: string } {
  return { $ref: `#/components/${kind}/${name}` }
}

function text(description: string) {
  return { description, schema: { type: 'string' } }
}

function expectedStatuses(
  { permission, pending, schema }: RestRoute,
  operation: HarborOperation | undefined,
): number[] {
  const refusals = [
    ...(permission === 'anonymous' ? [] : [401, 403]),
    ...(schema.params || schema.querystring || schema.body ? [400, 422] : []),
    ...(schema.params ? [404] : []),
    ...(schema.body ? [413] : []),
    ...(pending ? [501] : []),
    ...(schema.refusals ?? []),
  ]
  const described = operation?.statuses ?? (schema.response ? [] : [200])
  // Where the schema says how a success looks, no other is made up.
  const ours = Object.keys(schema.response ?? {}).some((status) => Number(status) < 300)

  return [...refusals, ...described.filter((status) => !(ours && status < 300))]
}

function isPaged({ schema }: RestRoute): boolean {
  const { properties = {} } = (schema.querystring ?? {}) as { properties?: Record<string, unknown> }

  return 'page' in properties && 'page_size' in properties
}
