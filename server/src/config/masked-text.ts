import { stringify } from 'yaml'
import { type ConfigKey, configKeys } from './keys.ts'
import { getAt, setAt, type Tree } from './tree.ts'

const MASK = '***'

/** A configuration document as YAML in the order of the schema, every secret replaced. */
export function maskedText(document: Tree): string {
  const masked: Tree = {}
  for (const key of configKeys()) {
    const value = getAt(document, key.path)
    if (value !== undefined) setAt(masked, key.path, mask(key, value))
  }

  return stringify(masked)
}

function mask(key: ConfigKey, value: unknown): unknown {
  if (key.schema.secret === true) return MASK

  if (key.schema.type === 'values') return maskNamed(value as Tree)

  return key.schema.type === 'postgres-url' ? maskPassword(String(value)) : value
}

/** Who checks these names is asked later; what a name calls a secret is one. */
function maskNamed(values: Tree): Tree {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, /password|secret/i.test(name) ? MASK : value]),
  )
}

/** A password may stand before the host or among the parameters. */
function maskPassword(url: string): string {
  return url
    .replace(/^([^/]*\/\/[^:/@?]*:)[^/]*@/, `$1${MASK}@`)
    .replace(/([?&](?:ssl)?password=)[^&]*/gi, `$1${MASK}`)
}
