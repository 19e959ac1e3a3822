import { FatalError } from '../platform/errors.ts'
import { type AnyValue, isSettingKey, type SettingKey } from './keys.ts'
import { isBuiltMode } from './model.ts'
import { fromText, problemOf } from './values.ts'

/** Settings that the configuration file or the environment decides. */
export type FixedSettings = ReadonlyMap<SettingKey, AnyValue>

/** Checks what the configuration says below `settings`. Throws FatalError; a value is not repeated. */
export function readFixed(given: Readonly<Record<string, unknown>>): FixedSettings {
  return new Map(
    Object.entries(given).map(([name, text]) => {
      if (!isSettingKey(name)) throw new FatalError(`settings.${name}: there is no such setting`)
      const value = fromText(name, text)
      const problem = problemOf(name, value) ?? modeProblem(name, value)
      if (problem !== undefined) throw new FatalError(`settings.${name}: ${problem}`)
      return [name, value as AnyValue]
    }),
  )
}

function modeProblem(name: string, value: unknown): string | undefined {
  return name === 'auth_mode' && !isBuiltMode(String(value))
    ? `${value} is not available in this release`
    : undefined
}
