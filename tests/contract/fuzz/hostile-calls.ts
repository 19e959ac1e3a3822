import type { Call } from '../../harness/http.ts'
import type { Operation, Schema } from '../../harness/openapi.ts'
import { requestFor, type Target } from '../access/request.ts'

/** Values of bodies that have broken servers before. */
const VALUES: [name: string, value: unknown][] = [
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['a NUL', 'a\u0000b'],
  ['half a surrogate pair', 'a\ud800b'],
  ['a megabyte', 'x'.repeat(1_000_000)],
  ['a list', ['a', ['b']]],
  ['an object', { __proto__: null, toString: 1, length: -1 }],
  ['a huge number', 1e308],
  ['a number beyond all columns', 2 ** 63],
  ['a negative number', -1],
  ['a fraction', 0.5],
  ['null', null],
  ['true', true],
  ['nothing', ''],
]

/** Bodies that are not what they should be altogether. */
const BODIES: [name: string, body: string | Buffer][] = [
  ['lists within lists', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
  ['objects within objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
  ['another prototype', '{"__proto__":{"sysadmin_flag":true,"name":"x"}}'],
  ['another constructor', '{"constructor":{"prototype":{"sysadmin_flag":true}}}'],
  ['a number', '1e400'],
  ['null', 'null'],
  ['a list', '[]'],
  ['a text', '"a"'],
  ['half of JSON', '{"name":'],
  ['bytes that are no text', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
  ['nothing', ''],
  ['a megabyte of fields', `{${Array.from({ length: 60_000 }, (_, at) => `"k${at}":1`)}}`],
]

/** Parts of paths and values of queries, as they go over the wire. */
const TEXTS: [name: string, text: string][] = [
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['a NUL', 'a%00b'],
  ['half a surrogate pair', '%ED%A0%80'],
  ['bytes that are no text', '%FF%FE'],
  ['half an escape', '%E'],
  ['ten thousand letters', 'x'.repeat(10_000)],
  ['a huge number', `9${'0'.repeat(400)}`],
  ['a number beyond all columns', '9223372036854775808'],
  ['a negative number', '-1'],
  ['an exponent', '1e308'],
  ['a fraction', '0.5'],
  ['a list', '%5B%22a%22%5D'],
]

const LONG_FILTERS: [name: string, text: string][] = [
  ['as many clauses as a request can hold', Array(3500).fill('a=1').join(',')],
  ['a known field again and again', Array(1500).fill('name=~a').join(',')],
  ['five thousand clauses', Array(5000).fill('a=1').join(',')],
  ['a list that is never ended', `name={${'a%20'.repeat(3000)}`],
  ['brackets', `name=${'('.repeat(12_000)}`],
]

export interface HostileCall {
  /** What is odd about it. */
  name: string
  call: Call
}

/** The operation as it is meant, with one thing after the other that is not. */
export function hostileCalls(operation: Operation, target: Target): HostileCall[] {
  const good = requestFor(operation, target)
  return [...oddPaths(operation, good), ...oddQueries(operation, good), ...oddBodies(operation, good)]
}

function oddPaths(operation: Operation, good: Call): HostileCall[] {
  const parts = operation.path.split('/')
  const [path = '', query] = good.path.split('?')

  return parts.flatMap((part, at) => {
    if (!part.startsWith('{')) return []
    return TEXTS.map(([name, text]) => {
      const odd = path.split('/').with(at, text).join('/')
      return {
        name: `${part} is ${name}`,
        call: { ...good, path: query === undefined ? odd : `${odd}?${query}` },
      }
    })
  })
}

function oddQueries(operation: Operation, good: Call): HostileCall[] {
  const [path = '', query = ''] = good.path.split('?')
  const names = operation.parameters.filter((one) => one.in === 'query').map((one) => one.name)
  const withQuery = (odd: string): Call => {
    const kept = query.split('&').filter((pair) => pair !== '' && pair.split('=')[0] !== odd.split('=')[0])
    return { ...good, path: `${path}?${[...kept, odd].join('&')}` }
  }

  return [...names, '__proto__'].flatMap((parameter) => [
    ...[...TEXTS, ...(parameter === 'q' ? LONG_FILTERS : [])].map(([name, text]) => ({
      name: `${parameter} is ${name}`,
      call: withQuery(`${parameter}=${text}`),
    })),
    { name: `${parameter} is there twice`, call: withQuery(`${parameter}=1&${parameter}=2`) },
    { name: `${parameter} is a list`, call: withQuery(`${parameter}[]=1&${parameter}[a]=2`) },
  ])
}

function oddBodies({ body: schema }: Operation, good: Call): HostileCall[] {
  if (!schema) return []
  const given = typeof good.body === 'string' ? (JSON.parse(good.body) as object) : {}
  const base = { ...(fitting(schema, 3) as object), ...given }
  const headers = { 'Content-Type': 'application/json' }

  return [
    ...leaves(base).flatMap((at) =>
      VALUES.map(([name, value]) => ({
        name: `${at.join('.')} is ${name}`,
        call: { ...good, headers, body: JSON.stringify(replaced(base, at, value)) },
      })),
    ),
    ...BODIES.map(([name, body]) => ({ name: `the body is ${name}`, call: { ...good, headers, body } })),
  ]
}

/** A value that fits the schema, with every field that it knows. */
function fitting(schema: Schema, depth: number): unknown {
  if (schema.anyOf) return fitting(schema.anyOf[0] ?? {}, depth)
  if (schema.enum) return schema.enum[0]
  if (schema.const !== undefined) return schema.const
  switch (schema.type) {
    case 'object':
      return depth === 0
        ? {}
        : Object.fromEntries(
            Object.entries(schema.properties ?? {}).map(([name, one]) => [name, fitting(one, depth - 1)]),
          )
    case 'array':
      return depth === 0 || !schema.items ? [] : [fitting(schema.items, depth - 1)]
    case 'integer':
    case 'number':
      return 1
    case 'boolean':
      return false
    case 'null':
      return null
    default:
      return 'a'
  }
}

type Place = (string | number)[]

/** Every place in a value, but itself. */
function leaves(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, one]) => [
    [name],
    ...leaves(one).map((place) => [name, ...place]),
  ])
}

function replaced(value: unknown, [name, ...rest]: Place, by: unknown): unknown {
  if (name === undefined) return by
  if (Array.isArray(value))
    return value.map((one, at) => (at === Number(name) ? replaced(one, rest, by) : one))
  const fields = value as Record<string, unknown>
  return { ...fields, [name]: replaced(fields[name], rest, by) }
}
