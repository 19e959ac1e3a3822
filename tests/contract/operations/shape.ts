import type { Schema } from '../../harness/openapi.ts'
import { type Field, HARBOR_ANSWERS, HARBOR_FIELDS } from './facts.ts'

/** Fields that answers of ours have beside Harbor's, by the object that carries them. */
export type Extras = Readonly<Record<string, readonly string[]>>

/** What in the body of a success is not as Harbor has it: unknown fields, other types, absent for empty or the reverse. */
export function harborComplaints(operation: string, body: unknown, lenient: Extras): string[] {
  const type = HARBOR_ANSWERS.get(operation)

  return type === undefined ? [] : complaints(type, body, '', lenient)
}

function complaints(type: string, value: unknown, at: string, lenient: Extras): string[] {
  if (type.startsWith('[')) return listComplaints(type.slice(1, -1), value, at, lenient)
  if (type.startsWith('{')) {
    if (!isObject(value)) return [`${at}: ${typeof value} and no map`]
    return Object.entries(value).flatMap(([key, one]) =>
      complaints(type.slice(1, -1), one, `${at}/${key}`, lenient),
    )
  }
  const fields = HARBOR_FIELDS.get(type)
  if (fields !== undefined) return objectComplaints(type, fields, value, at, lenient)

  return isOfType(type, value) ? [] : [`${at}: ${JSON.stringify(value)} is no ${type}`]
}

function listComplaints(type: string, value: unknown, at: string, lenient: Extras): string[] {
  // Harbor writes an empty list as null in places, and so may we.
  if (value === null) return []
  if (!Array.isArray(value)) return [`${at}: ${typeof value} and no list`]

  return value.flatMap((one, index) => complaints(type, one, `${at}/${index}`, lenient))
}

function objectComplaints(
  type: string,
  fields: readonly Field[],
  value: unknown,
  at: string,
  lenient: Extras,
): string[] {
  if (!isObject(value)) return [`${at}: ${JSON.stringify(value)} and no ${type}`]
  const allowed = new Set([...fields.map(({ name }) => name), ...(lenient[type] ?? [])])
  const unknown = Object.keys(value).filter((name) => !allowed.has(name))
  const missing = fields.filter(({ name, always }) => always && !(name in value))
  const present = fields.filter(({ name }) => name in value && !lenient[type]?.includes(name))

  return [
    ...unknown.map((name) => `${at}/${name}: Harbor's ${type} has no such field`),
    ...missing.map(({ name }) => `${at}/${name}: absent, and always there in Harbor's ${type}`),
    ...present.flatMap((field) => {
      const found = value[field.name]
      const place = `${at}/${field.name}`
      if (found === null) return field.nullable || field.type.startsWith('[') ? [] : [`${place}: null`]
      if (!field.always && !field.nullable && isEmpty(found))
        return [`${place}: empty, and left out then in Harbor's ${type}`]
      return complaints(field.type, found, place, lenient)
    }),
  ]
}

/** What Go leaves out where a field may be left out. */
function isEmpty(value: unknown): boolean {
  return value === '' || value === 0 || value === false
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'time':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)
    case 'integer':
      return Number.isSafeInteger(value)
    // Of maps without a type for their values Harbor's description says no more than this.
    case 'object':
    case 'any':
      return true
    default:
      return typeof value === type
  }
}

/** What in a value is not as the description of our own interface says. */
export function schemaComplaints(schema: Schema, value: unknown, at = ''): string[] {
  if (schema.anyOf) {
    const fits = schema.anyOf.some((one) => schemaComplaints(one, value, at).length === 0)
    return fits ? [] : [`${at}: fits none of the alternatives`]
  }
  if (schema.enum && !schema.enum.includes(value)) return [`${at}: ${JSON.stringify(value)} is not allowed`]
  if (schema.const !== undefined && schema.const !== value)
    return [`${at}: is not ${JSON.stringify(schema.const)}`]
  if (schema.type === 'array') {
    if (!Array.isArray(value)) return [`${at}: is no array`]
    const { items } = schema
    return items ? value.flatMap((one, index) => schemaComplaints(items, one, `${at}/${index}`)) : []
  }
  if (schema.type === 'object') {
    if (!isObject(value)) return [`${at}: is no object`]
    const missing = (schema.required ?? []).filter((name) => !(name in value))
    return [
      ...missing.map((name) => `${at}/${name}: is required`),
      ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
        name in value ? schemaComplaints(property, value[name], `${at}/${name}`) : [],
      ),
    ]
  }
  return fitsScalar(schema.type, value) ? [] : [`${at}: ${JSON.stringify(value)} is no ${schema.type}`]
}

function fitsScalar(type: string | undefined, value: unknown): boolean {
  if (type === undefined) return true
  if (type === 'null') return value === null
  if (type === 'integer') return Number.isInteger(value)

  return typeof value === type
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
