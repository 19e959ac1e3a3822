import { parse } from 'yaml'
import { isObject, objectOf } from '../processors/objects.ts'

const FIELDS = ['name', 'version', 'repository', 'condition', 'tags', 'enabled', 'import-values', 'alias']

/** What the first of these files names that names dependencies: JSON. Throws for what is no YAML. */
export function dependenciesIn(files: readonly Uint8Array[]): string {
  for (const file of files) {
    // To look for keys given twice, and to show where errors are, takes time that grows with the square of the input.
    const value: unknown = parse(Buffer.from(file).toString('utf8'), {
      uniqueKeys: false,
      prettyErrors: false,
    })
    const { dependencies } = objectOf(value)
    if (Array.isArray(dependencies) && dependencies.length > 0) {
      return JSON.stringify(dependencies.filter(isObject).map(knownFields))
    }
  }
  return '[]'
}

function knownFields(entry: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(FIELDS.filter((name) => entry[name] != null).map((name) => [name, entry[name]]))
}
