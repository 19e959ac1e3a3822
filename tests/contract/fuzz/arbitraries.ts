import fc from 'fast-check'
import type { Operation, Parameter, Schema } from '../../harness/openapi.ts'
import type { Target } from '../access/request.ts'

/** Texts that break what was not written with them in mind. */
const NASTY = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  '%',
  '%00',
  '\u0000',
  '\u202e\ud83d\ude00',
  "' OR 1=1 --",
  '{{7*7}}',
  '<script>',
  '-1',
  '0',
  '1e309',
  'NaN',
  'null',
  '9223372036854775808',
  '2147483648',
  'a'.repeat(300),
  'A,B;C',
  'sha256:00',
  'a=b,c=~d,e=[1~2],f={1 2},g=(x y)',
  '0001-01-01T00:00:00Z',
]

const text = fc.oneof(
  { arbitrary: fc.constantFrom(...NASTY), weight: 2 },
  { arbitrary: fc.string({ maxLength: 40, unit: 'binary' }), weight: 1 },
  { arbitrary: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), weight: 2 },
)

const number = fc.oneof(
  fc.integer({ min: -2, max: 200 }),
  fc.constantFrom(2 ** 31, 2 ** 53, -(2 ** 63), 1.5, 1e308),
)

/** Bodies that fit the schema more often than not, so that they get past the first check. */
function bodyOf(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof(
    { arbitrary: fitting(schema), weight: 6 },
    { arbitrary: fc.jsonValue({ maxDepth: 3 }), weight: 1 },
  )
}

function fitting(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(fitting))
  if (schema.enum) return fc.oneof(fc.constantFrom(...schema.enum), text)
  if (schema.const !== undefined) return fc.constant(schema.const)
  switch (schema.type) {
    case 'object':
      return objectOf(schema)
    case 'array':
      return fc.array(schema.items ? fitting(schema.items) : fc.jsonValue(), { maxLength: 3 })
    case 'integer':
    case 'number':
      return number
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'string':
      return text
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function objectOf({ properties = {}, required = [], patternProperties = {} }: Schema): fc.Arbitrary<unknown> {
  const named = Object.entries(properties).map(([name, schema]) => [
    name,
    fc.oneof(
      { arbitrary: fitting(schema), weight: 12 },
      { arbitrary: fc.jsonValue({ maxDepth: 1 }), weight: 1 },
    ),
  ])
  const known = fc.record(Object.fromEntries(named), { requiredKeys: required as never[] })
  const [pattern] = Object.values(patternProperties)
  const others = fc.dictionary(text, pattern ? fitting(pattern) : fc.jsonValue({ maxDepth: 1 }), {
    maxKeys: pattern ? 3 : 1,
  })

  return fc.tuple(known, others).map(([ours, theirs]) => ({ ...theirs, ...ours }))
}

/** One call of the operation: values of its path, of its query, and a body. */
export interface FuzzCall {
  path: Record<string, string>
  query: [string, string][]
  body: unknown
}

export function callOf(operation: Operation, target: Target): fc.Arbitrary<FuzzCall> {
  const path = operation.parameters.filter((one) => one.in === 'path')
  const query = operation.parameters.filter((one) => one.in === 'query')

  return fc.record({
    path: fc.record(Object.fromEntries(path.map((one) => [one.name, pathValue(one, target)]))),
    query: fc
      .record(Object.fromEntries(query.map((one) => [one.name, queryValue(one, operation)])), {
        requiredKeys: query.filter((one) => one.required).map((one) => one.name),
      })
      .map((values) => Object.entries(values)),
    body: operation.body ? bodyOf(operation.body) : fc.constant(undefined),
  })
}

function pathValue(
  { name }: Parameter,
  { project, label, member, user, robot }: Target,
): fc.Arbitrary<string> {
  const known: Record<string, string | number> = {
    project_name_or_id: project.id,
    project_name: project.name,
    repository_name: 'images',
    reference: 'v1',
    label_id: label,
    mid: member,
    user_id: user,
    robot_id: robot,
  }
  // An empty part would be another path, and `.` and `..` are taken out by clients.
  const odd = text.filter((value) => !['', '.', '..'].includes(value))
  if (known[name] === undefined) return odd

  return fc.oneof({ arbitrary: fc.constant(String(known[name])), weight: 4 }, { arbitrary: odd, weight: 1 })
}

/** A `q=` over these fields, more or less in its grammar. */
function filterOver(fields: readonly string[]): fc.Arbitrary<string> {
  const one = fc
    .tuple(
      fc.constantFrom(...fields, 'nosuch'),
      fc.constantFrom('=', '=~', '=[', '={', '=(', '!=', ''),
      fc.oneof(text, fc.constantFrom('a', '1', '1 2', '1~2', '2020-01-01~2030-01-01', 'true')),
      fc.constantFrom('', ']', '}', ')', '~', ','),
    )
    .map((parts) => parts.join(''))

  return fc.oneof(
    one,
    fc.array(one, { maxLength: 3 }).map((all) => all.join(',')),
  )
}

/** Fields that a list may know: those it shows, and those that Harbor's clients filter by. */
function fieldsOf({ answers }: Operation): string[] {
  const shown = Object.keys(answers['200']?.items?.properties ?? {})

  return [...new Set([...shown, 'id', 'name', 'username', 'tags', 'labels', 'op_time', 'Level', 'ProjectID'])]
}

function queryValue({ name, schema }: Parameter, operation: Operation): fc.Arbitrary<string> {
  if (name === 'q') return filterOver(fieldsOf(operation))
  if (name === 'sort')
    return fc.oneof(text, fc.constantFrom(...fieldsOf(operation), '-creation_time', '-name,id', ',,-'))

  return fc.oneof(
    {
      arbitrary: fitting(schema).map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
      weight: 3,
    },
    { arbitrary: text, weight: 1 },
  )
}
