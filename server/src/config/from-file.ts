import { readFileSync } from 'node:fs'
import { parse as parseYaml, YAMLParseError } from 'yaml'
import { FatalError } from '../platform/errors.ts'
import type { ConfigKey } from './keys.ts'
import { getAt, isTree, type Tree } from './tree.ts'
import { problemOf } from './value.ts'

/** Reads and checks a configuration file. */
export function readFile(file: string, keys: ConfigKey[]): Tree {
  let tree: unknown
  try {
    tree = parseYaml(readFileSync(file, 'utf8'), { prettyErrors: false }) ?? {}
  } catch (error) {
    throw new FatalError(`${file}: ${readingProblem(error)}`, { cause: error })
  }
  if (!isTree(tree)) throw new FatalError(`${file}: must hold keys and values`)
  rejectUnknown(file, tree, keys, [])

  for (const key of keys) {
    const value = getAt(tree, key.path)
    const problem = value === undefined ? undefined : problemOf(key.schema, value)
    if (problem !== undefined) throw new FatalError(`${file}: ${key.name}: ${problem}`)
  }
  return tree
}

function readingProblem(error: unknown): string {
  if (error instanceof YAMLParseError)
    return `is not valid YAML (${error.message.split('\n')[0]}, at ${error.pos[0]})`

  return `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`
}

function rejectUnknown(file: string, tree: Tree, keys: ConfigKey[], above: readonly string[]): void {
  for (const [name, value] of Object.entries(tree)) {
    const path = [...above, name]
    const key = keys.find((candidate) => candidate.name === path.join('.'))
    if (key !== undefined) continue
    const isGroup = keys.some((candidate) => candidate.name.startsWith(`${path.join('.')}.`))
    if (!isGroup) throw new FatalError(`${file}: ${path.join('.')}: there is no such key`)
    if (value === null) continue
    if (!isTree(value)) throw new FatalError(`${file}: ${path.join('.')}: must be a group of keys`)
    rejectUnknown(file, value, keys, path)
  }
}
