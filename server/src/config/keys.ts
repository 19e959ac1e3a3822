import { configSchema } from './schema.ts'
import type { Group, Key } from './types.ts'

/** One key of the schema with its names. */
export interface ConfigKey {
  path: readonly string[]
  /** `storage.filesystem.directory` */
  name: string
  /** `PORTOLAN_STORAGE_FILESYSTEM_DIRECTORY` */
  variable: string
  schema: Key
}

/** All keys in the order of the schema. */
export function configKeys(): ConfigKey[] {
  return keysBelow(configSchema, [])
}

function keysBelow(group: Group, above: readonly string[]): ConfigKey[] {
  return Object.entries(group).flatMap(([name, node]) => {
    const path = [...above, name]
    if (!isKey(node)) return keysBelow(node, path)

    return [
      { path, name: path.join('.'), variable: `PORTOLAN_${path.join('_').toUpperCase()}`, schema: node },
    ]
  })
}

function isKey(node: Key | Group): node is Key {
  return typeof node.description === 'string'
}
