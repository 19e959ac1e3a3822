import { FatalError } from '../platform/errors.ts'
import type { ConfigKey } from './keys.ts'
import { setAt, type Tree } from './tree.ts'
import { fromText, problemOf } from './value.ts'

export type Environment = Readonly<Record<string, string | undefined>>

// Kubernetes puts PORTOLAN_PORT, PORTOLAN_SERVICE_HOST … into every pod beside a service named portolan.
const FOREIGN_VARIABLE = /^PORTOLAN_(PORT|SERVICE_)/
// Names the file; read before it.
const FILE_VARIABLE = 'PORTOLAN_CONFIG'

/** Reads and checks the environment's `PORTOLAN_*` variables. */
export function readEnvironment(env: Environment, keys: ConfigKey[]): Tree {
  const tree: Tree = {}
  for (const [variable, text] of Object.entries(env)) {
    // An empty variable is one that is not set: compose files and unit files can hardly leave one out.
    if (!variable.startsWith('PORTOLAN_') || text === undefined || text === '') continue
    if (variable === FILE_VARIABLE || FOREIGN_VARIABLE.test(variable)) continue
    const key = keys.find((candidate) => candidate.variable === variable)
    if (key === undefined) {
      setAt(tree, pathBelow(keys, variable), text)
      continue
    }
    if (key.schema.type === 'values') throw new FatalError(`${variable}: must name one of the ${key.name}`)
    const value = fromText(key.schema, text)
    const problem = problemOf(key.schema, value)
    if (problem !== undefined) throw new FatalError(`${variable} (${key.name}): ${problem}`)
    setAt(tree, key.path, value)
  }

  return tree
}

/** `settings.banner_message` for `PORTOLAN_SETTINGS_BANNER_MESSAGE`. Throws FatalError where nothing takes names of its own. */
function pathBelow(keys: ConfigKey[], variable: string): string[] {
  const above = keys.find(
    ({ schema, variable: prefix }) => schema.type === 'values' && variable.startsWith(`${prefix}_`),
  )
  if (above === undefined) throw new FatalError(`${variable}: there is no such key`)
  return [...above.path, variable.slice(above.variable.length + 1).toLowerCase()]
}

/** The file that the environment names, if it does. */
export function fileNamedBy(env: Environment): string | undefined {
  return env[FILE_VARIABLE] || undefined
}
