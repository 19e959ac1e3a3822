import type { RestRoute } from './route-list.ts'

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  description?: string
  schema: unknown
}

/** What a caller may say beside the body, in the order path, query, headers. */
export function parametersOf({ url, schema }: RestRoute): Parameter[] {
  return [
    ...fields('path', schema.params),
    ...fields('query', schema.querystring),
    ...fields('header', schema.headers),
    ...(url.includes(':project_name_or_id') ? [BY_NAME] : []),
  ]
}

const BY_NAME: Parameter = {
  name: 'X-Is-Resource-Name',
  in: 'header',
  required: false,
  description: 'Whether the project is named even where the path has a number.',
  schema: { type: 'boolean', default: false },
}

function fields(place: Parameter['in'], schema: unknown): Parameter[] {
  const { properties = {}, required = [] } = (schema ?? {}) as ObjectSchema

  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    // What has a default need not be said.
    required: place === 'path' || (required.includes(name) && rest.default === undefined),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }))
}

interface ObjectSchema {
  properties?: Record<string, { description?: string; default?: unknown }>
  required?: string[]
}
