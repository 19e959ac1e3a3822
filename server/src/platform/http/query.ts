import type { Filter, Order, Value } from '../db/list.ts'
import { DomainError } from '../errors.ts'
import { decodeAgain } from './path.ts'
import { type FieldType, parseValue, splitOutside } from './query-value.ts'

/** Fields that a list may be filtered by, with the type of their values. */
export type Fields<Name extends string> = Readonly<Record<Name, FieldType>>

/** More than anybody asks for; each may cost the database a look of its own. */
const MOST_CONDITIONS = 50

/**
 * Reads Harbor's `q=`: conditions joined by commas, `k=v` exact, `k=~v` contains, `k=[a~b]` range with either
 * end left out at will, `k={a b}` any, `k=(a b)` all; values may stand in quotes, and behind a backslash `k=\\~v` is exact.
 * A key may end in an operator (`k__icontains=v`). Clients that encode twice, all of it or values alone, are understood. Throws
 * bad-request for what does not parse. Conditions on fields that are not in `fields` are passed over, as Harbor does: its clients send
 * what newer or older servers know.
 */
export function parseFilters<Name extends string>(
  q: string | undefined,
  fields: Fields<Name>,
): Filter<Name>[] {
  if (q === undefined || q === '') return []
  const text = q.includes('=') ? q : decodeAgain(q)
  const parts = splitOutside(text, ',')
  if (parts.length > MOST_CONDITIONS) {
    throw new DomainError('bad-request', `the query string has more than ${MOST_CONDITIONS} conditions`)
  }
  return parts.flatMap((part) => parseFilter(decodeAgain(part).trim(), fields) ?? [])
}

function parseFilter<Name extends string>(part: string, fields: Fields<Name>): Filter<Name> | undefined {
  const at = part.indexOf('=')
  if (at < 1 || at === part.length - 1) {
    throw new DomainError(
      'bad-request',
      'the query string must contain "=" and the key/value cannot be empty',
    )
  }
  const key = part.slice(0, at).trim()
  const [name = '', operator] = key.split('__', 2)
  const field = findField(name, fields)
  if (field === undefined) return undefined
  const type: FieldType = fields[field]
  const text = part.slice(at + 1).trim()
  if (operator !== undefined) return parseOperator({ field, key, operator, text, type })
  if (text.startsWith('\\')) return { field, op: 'exact', value: parseValue(key, text.slice(1), type) }
  const inner = text.slice(1, -1)
  switch (`${text.at(0)}${text.at(-1)}`) {
    case '[]':
      return { field, op: 'range', ...parseRange(key, inner, type) }
    case '{}':
      return { field, op: 'any', values: parseList(key, inner, type) }
    case '()':
      return { field, op: 'all', values: parseList(key, inner, type) }
  }
  if (/^[[{(]/.test(text))
    throw new DomainError('bad-request', `the value of "${key}" lacks its closing bracket`)
  if (!text.startsWith('~')) return { field, op: 'exact', value: parseValue(key, text, type) }
  if (type !== 'string') throw new DomainError('bad-request', `"${key}" is no text to search in`)
  return { field, op: 'fuzzy', value: String(parseValue(key, text.slice(1), 'string')) }
}

/** Operators that Harbor hands on to its database; others are passed over with their condition, as it does. */
function parseOperator<Name extends string>({
  field,
  key,
  operator,
  text,
  type,
}: {
  field: Name
  key: string
  operator: string
  text: string
  type: FieldType
}): Filter<Name> | undefined {
  const value = () => parseValue(key, text, type)
  switch (operator) {
    case 'exact':
      return { field, op: 'exact', value: value() }
    case 'icontains':
      return type === 'string' ? { field, op: 'fuzzy', value: String(value()) } : undefined
    case 'gte':
      return { field, op: 'range', min: value(), max: undefined }
    case 'lte':
      return { field, op: 'range', min: undefined, max: value() }
    case 'gt':
      return { field, op: 'range', min: value(), max: undefined, exclusive: true }
    case 'lt':
      return { field, op: 'range', min: undefined, max: value(), exclusive: true }
    case 'in':
      return { field, op: 'any', values: parseList(key, text.replace(/^\{(.*)\}$/s, '$1'), type) }
    default:
      return undefined
  }
}

function parseRange(
  key: string,
  inner: string,
  type: FieldType,
): { min: Value | undefined; max: Value | undefined } {
  const ends = splitOutside(inner, '~').map((end) => end.trim())
  const [low = '', high = ''] = ends
  if (ends.length !== 2 || (low === '' && high === '')) {
    throw new DomainError('bad-request', `the range of "${key}" must have the form [min~max]`)
  }
  const read = (end: string) => (end === '' ? undefined : parseValue(key, end, type))
  return { min: read(low), max: read(high) }
}

function parseList(key: string, inner: string, type: FieldType): Value[] {
  const parts = splitOutside(inner, ' ').filter((part) => part !== '')
  if (parts.length === 0) throw new DomainError('bad-request', `the list of "${key}" is empty`)
  return parts.map((part) => parseValue(key, part, type))
}

/**
 * Reads `sort=-name,creation_time`. Harbor passes over names that it does not know, and so do clients rely on:
 * they are left out here too.
 */
export function parseSort<Name extends string>(
  sort: string | undefined,
  names: readonly Name[],
): Order<Name>[] {
  if (sort === undefined) return []
  const orders: Order<Name>[] = []
  for (const part of sort.split(',')) {
    const text = part.trim()
    const descending = text.startsWith('-')
    const field = names.find((name) => name === (descending ? text.slice(1) : text))
    if (field !== undefined && !orders.some((order) => order.field === field))
      orders.push({ field, descending })
  }
  return orders
}

/** Harbor takes a field by its wire name and in CamelCase (`project_id`, `ProjectID`). */
function findField<Name extends string>(key: string, fields: Fields<Name>): Name | undefined {
  const plain = (text: string) => text.replaceAll('_', '').toLowerCase()
  return (Object.keys(fields) as Name[]).find((name) => plain(name) === plain(key))
}
