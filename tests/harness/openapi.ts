import { json } from './http.ts'
import type { Registry } from './registry.ts'

/** Who may call an operation, as its description says. */
export type Permission =
  | 'anonymous'
  | 'authenticated'
  | 'nobody'
  | { system: string }
  | { project: string; and?: string[]; signedIn?: true }
  | { everyProject: string }

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  schema: Schema
}

/** As much of JSON Schema as the descriptions use. */
export interface Schema {
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  default?: unknown
  minimum?: number
  maximum?: number
  patternProperties?: Record<string, Schema>
}

/** An operation of the running program. */
export interface Operation {
  id: string
  method: string
  /** With parameters in braces. */
  path: string
  parameters: Parameter[]
  body: Schema | undefined
  /** The schema of each answer that has one, by status. */
  answers: Record<string, Schema | undefined>
  /** The media types of each answer, by status or range (`4XX`); none where it has no body. */
  mediaTypes: Record<string, string[]>
  permission: Permission
  pending: boolean
  extension: boolean
}

interface Response {
  content?: Record<string, { schema: Schema }>
}

interface Described {
  operationId: string
  parameters: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, Response | { $ref: string }>
  'x-portolan-permission': Permission
  'x-portolan-pending'?: true
  'x-portolan-extension'?: true
}

/** Which permissions whom belong to, as the description says. */
export interface AccessTable {
  public: string[]
  roles: Record<string, string[]>
  project: string[]
  signedIn: string[]
  administrator: string[]
}

export async function readAccessTable(registry: Registry): Promise<AccessTable> {
  const answer = await registry.as().get('/api/v2.0/openapi.json')
  const { 'x-portolan-access': table } = json(answer) as { 'x-portolan-access': AccessTable }

  return table
}

/** Every operation that the program says it has. */
export async function readOperations(registry: Registry): Promise<Operation[]> {
  const answer = await registry.as().get('/api/v2.0/openapi.json')
  const { paths, components } = json(answer) as {
    paths: Record<string, Record<string, Described>>
    components: { responses: Record<string, Response> }
  }

  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) =>
      toOperation(method, path, described, components.responses),
    ),
  )
}

function toOperation(
  method: string,
  path: string,
  described: Described,
  shared: Record<string, Response>,
): Operation {
  const responses = Object.entries(described.responses).map(([status, response]) => {
    const found = '$ref' in response ? shared[response.$ref.split('/').at(-1) ?? ''] : response
    if (found === undefined) throw new Error(`${described.operationId} refers to an answer that is not there`)
    return [status, found.content] as const
  })

  return {
    id: described.operationId,
    method: method.toUpperCase(),
    path,
    parameters: described.parameters,
    body: schemaOf(described.requestBody?.content),
    answers: Object.fromEntries(responses.map(([status, content]) => [status, schemaOf(content)])),
    mediaTypes: Object.fromEntries(
      responses.map(([status, content]) => [status, Object.keys(content ?? {})]),
    ),
    permission: described['x-portolan-permission'],
    pending: described['x-portolan-pending'] === true,
    extension: described['x-portolan-extension'] === true,
  }
}

function schemaOf(content: Record<string, { schema: Schema }> | undefined): Schema | undefined {
  return Object.values(content ?? {})[0]?.schema
}
