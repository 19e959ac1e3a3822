import { Errors } from '@portolan/api/errors'
import { HARBOR_OPERATIONS, type HarborOperation } from '@portolan/api/operations'
import {
  ADMINISTRATOR_PERMISSIONS,
  PROJECT_PERMISSIONS,
  PUBLIC_PERMISSIONS,
  ROLE_PERMISSIONS,
  SIGNED_IN_PERMISSIONS,
} from '../../access/permissions.ts'
import { answersOf, HEADERS, REFUSAL_ANSWERS } from './answers.ts'
import { parametersOf } from './parameters.ts'
import type { RestRoute } from './route-list.ts'

const PREFIX = '/api/v2.0'

/** What Harbor has beside `/api/v2.0`, described nowhere but relied on by its clients. */
const BESIDE = new Map([
  ['GET /api/version', 'getVersion'],
  ['POST /c/login', 'login'],
  ['GET /c/log_out', 'logOut'],
  ['POST /c/userExists', 'userExists'],
  ['GET /c/oidc/login', 'oidcLogin'],
  ['GET /service/token', 'getToken'],
  ['POST /service/token', 'postToken'],
])

const DESCRIPTION = `Harbor's REST interface as Portolan has it. \`x-portolan-permission\` says who may call an operation: \`anonymous\`,
\`authenticated\`, or what he needs in the \`system\` or in the \`project\` of the path (\`and\` what else there); \`x-portolan-access\` has the roles that hold it. \`x-portolan-extension\` marks what Harbor does not
have, \`x-portolan-pending\` what is not built yet and answers 501.`

const SECURITY_SCHEMES = {
  basic: {
    type: 'http',
    scheme: 'basic',
    description: 'User and password, robot and secret, or user and access token.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'sid',
    description: 'Of `/c/login`; changes need `X-Harbor-CSRF-Token` too.',
  },
}

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: readonly RestRoute[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of [...routes].sort((a, b) => (a.url < b.url ? -1 : 1))) {
    const path = templateOf(route.url)
    paths[path] ??= {}
    paths[path][route.method.toLowerCase()] = describe(route, path)
  }

  return {
    openapi: '3.1.0',
    info: {
      title: 'Portolan',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Errors },
      responses: REFUSAL_ANSWERS,
      headers: HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
    'x-portolan-access': {
      public: [...PUBLIC_PERMISSIONS],
      roles: Object.fromEntries(Object.entries(ROLE_PERMISSIONS).map(([role, held]) => [role, [...held]])),
      project: PROJECT_PERMISSIONS,
      signedIn: SIGNED_IN_PERMISSIONS,
      administrator: ADMINISTRATOR_PERMISSIONS,
    },
  }
}

/** `:name` → `{name}`. */
function templateOf(url: string): string {
  return url.replace(/:(\w+)/g, '{$1}')
}

/** What an operation is called: by the route itself, by Harbor, or by its path. */
export function operationName({ method, url, schema }: Pick<RestRoute, 'method' | 'url' | 'schema'>): string {
  const path = templateOf(url)
  const known = harborOperation(method, path)?.id ?? BESIDE.get(`${method} ${path}`)

  return schema.operationId ?? known ?? madeUpId(method, path)
}

function describe(route: RestRoute, path: string) {
  const { method, schema, permission, pending } = route
  const operation = harborOperation(method, path)
  const id = operation?.id ?? BESIDE.get(`${method} ${path}`)
  const { tags, summary, description } = schema
  const name = operationName(route)

  return {
    operationId: name,
    tags: tags ?? [
      operation?.tag ?? path.split('/').find((part) => part !== '' && !/^(api|v2\.0)$/.test(part)),
    ],
    summary: summary ?? sentence(name),
    ...(description === undefined ? {} : { description }),
    parameters: parametersOf(route),
    ...(schema.body === undefined ? {} : { requestBody: requestBody(path, schema.body) }),
    responses: answersOf(route, operation),
    security: permission === 'anonymous' ? [{}, ...SECURITY] : SECURITY,
    'x-portolan-permission': pending ?? permission,
    ...(id === undefined ? { 'x-portolan-extension': true } : {}),
    ...(pending ? { 'x-portolan-pending': true } : {}),
  }
}

const SECURITY = Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: [] }))

function harborOperation(method: string, path: string): HarborOperation | undefined {
  if (!path.startsWith(`${PREFIX}/`)) return undefined
  const below = path.slice(PREFIX.length)

  return HARBOR_OPERATIONS.find((one) => one.method === method && one.path === below)
}

function requestBody(path: string, schema: unknown) {
  const type = /^\/(c|service)\//.test(path) ? 'application/x-www-form-urlencoded' : 'application/json'

  return { content: { [type]: { schema } } }
}

/** `GET /api/v2.0/roles/{role_id}` → `getRolesByRoleId`. */
function madeUpId(method: string, path: string): string {
  const words = path
    .replace(PREFIX, '')
    .replace(/\{(\w+)\}/g, 'by_$1')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)

  return words.reduce((id, word) => id + word.charAt(0).toUpperCase() + word.slice(1), method.toLowerCase())
}

/** `listProjectMembers` → `List project members`. */
function sentence(id: string): string {
  const words = id.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()

  return words.charAt(0).toUpperCase() + words.slice(1)
}
