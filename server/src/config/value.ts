import { isIP } from 'node:net'
import type { KeySchema } from './schema.ts'

/** Why a value does not fit its key, in words that follow the key's name; undefined where it fits. */
export function problemOf(schema: KeySchema, value: unknown): string | undefined {
  if (schema.enum !== undefined) {
    return schema.enum.includes(value as string) ? undefined : `must be one of ${schema.enum.join(', ')}`
  }
  switch (schema.type) {
    case 'integer':
      return integerProblem(schema, value)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false'
    case 'array':
      return listProblem(value)
    default:
      return textProblem(schema, value)
  }
}

/** Reads an environment variable's text as the type of its key; what does not fit stays text. */
export function fromText(schema: KeySchema, text: string): unknown {
  switch (schema.type) {
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'array':
      return text.split(',').map((item) => item.trim())
    default:
      return text
  }
}

function integerProblem(schema: KeySchema, value: unknown): string | undefined {
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema
  const fits = Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum

  return fits ? undefined : `must be a whole number from ${minimum} to ${maximum}`
}

function listProblem(value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'must be a list of addresses or networks'
  const wrong = value.find((item) => !isNetwork(item))

  return wrong === undefined
    ? undefined
    : `${JSON.stringify(wrong)} is no address and no network such as 10.0.0.0/8`
}

function textProblem(schema: KeySchema, value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be text'
  if (value.length < (schema.minLength ?? 0)) return 'must not be empty'
  switch (schema.format) {
    case 'origin':
      return isOrigin(value)
        ? undefined
        : 'must be an http or https URL without user, path, query or fragment'
    case 'postgres-url':
      return isPostgresUrl(value)
        ? undefined
        : 'must be a URL such as postgres://user:password@host:5432/name'
    case 'key':
      return isKey(value) ? undefined : 'must be 32 bytes in base64'
    default:
      return undefined
  }
}

function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false
  const url = new URL(value)
  const bare = url.username === '' && url.password === '' && url.pathname === '/' && !/[?#]/.test(value)

  return bare && (url.protocol === 'http:' || url.protocol === 'https:')
}

/** Without a host it means a Unix socket, named by a parameter: no URL to the standard, but usual here. */
function isPostgresUrl(value: string): boolean {
  const [, rest] = /^postgres(?:ql)?:\/\/(.+)$/.exec(value) ?? []

  return rest !== undefined && URL.canParse(`postgres://${rest.replace(/^([^/?#]*@)?(?=[/?])/, '$1socket')}`)
}

function isKey(value: string): boolean {
  return /^[A-Za-z0-9+/]{43}=?$/.test(value.trim())
}

function isNetwork(value: unknown): boolean {
  if (typeof value !== 'string') return false
  const [address = '', prefix, ...rest] = value.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false

  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}
