import { isIP } from 'node:net'
import { durationSeconds } from '../lib/duration.ts'
import { isTree } from './tree.ts'
import type { Key } from './types.ts'

/** Why a value does not fit its key, in words that follow the key's name; undefined where it fits. */
export function problemOf(key: Key, value: unknown): string | undefined {
  return fits(key, value) ? undefined : `must be ${expectationOf(key)}`
}

/** Reads an environment variable's text as the type of its key; what does not fit stays text. */
export function fromText(key: Key, text: string): unknown {
  switch (key.type) {
    case 'integer':
    case 'count':
      return /^-?\d+$/.test(text) ? Number(text) : text
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'networks':
    case 'names':
      return text.split(',').map((item) => item.trim())
    default:
      return text
  }
}

/** What a key takes, in words. */
export function expectationOf(key: Key): string {
  switch (key.type) {
    case 'integer':
      return `a whole number from ${key.minimum} to ${key.maximum}`
    case 'count':
      return `auto, or a whole number from ${key.minimum} to ${key.maximum}`
    case 'number':
      return `a number from ${key.minimum} to ${key.maximum}`
    case 'boolean':
      return 'true or false'
    case 'choice':
      return `one of ${key.choices.join(', ')}`
    case 'networks':
      return 'a list of addresses and networks such as 10.0.0.0/8'
    case 'names':
      return 'a list of host names such as ci.example.com or *.example.com'
    case 'origin':
      return 'an http or https URL without user, path, query or fragment'
    case 'postgres-url':
      return 'a URL such as postgres://user:password@host:5432/name'
    case 'key':
      return '32 bytes in base64'
    case 'duration':
      return 'a duration such as 90s, 30m, 24h or 7d'
    case 'values':
      return 'names with plain values'
    case 'text':
      return 'text that is not empty'
  }
}

function fits(key: Key, value: unknown): boolean {
  switch (key.type) {
    case 'integer':
      return isWhole(value, key)
    case 'count':
      return value === 'auto' || isWhole(value, key)
    case 'number':
      return Number.isFinite(value) && Number(value) >= key.minimum && Number(value) <= key.maximum
    case 'boolean':
      return typeof value === 'boolean'
    case 'choice':
      return key.choices.includes(value as string)
    case 'networks':
      return Array.isArray(value) && value.every(isNetwork)
    case 'names':
      return Array.isArray(value) && value.every(isHostPattern)
    case 'origin':
      return typeof value === 'string' && isOrigin(value)
    case 'postgres-url':
      return typeof value === 'string' && isPostgresUrl(value)
    case 'key':
      return typeof value === 'string' && isKey(value)
    case 'duration':
      return typeof value === 'string' && durationSeconds(value) !== undefined
    case 'values':
      return isTree(value) && Object.values(value).every(isPlain)
    case 'text':
      return typeof value === 'string' && value !== ''
  }
}

function isWhole(value: unknown, { minimum, maximum }: { minimum: number; maximum: number }): boolean {
  return Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
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

function isHostPattern(value: unknown): boolean {
  return typeof value === 'string' && /^(\*\.)?[a-z0-9_]([a-z0-9_.:-]*[a-z0-9])?$/i.test(value)
}

function isNetwork(value: unknown): boolean {
  if (typeof value !== 'string') return false
  const [address = '', prefix, ...rest] = value.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false

  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}
