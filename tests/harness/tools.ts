import { describe, test } from 'vitest'
import { findProgram } from '../../scripts/peers/path.ts'
import type { DEBIAN_PROGRAMS, GO_PROGRAMS } from '../../scripts/peers/programs.ts'

type ToolName = keyof typeof DEBIAN_PROGRAMS | keyof typeof GO_PROGRAMS

/** Where each of the programs is that a suite drives; undefined where this machine has none. */
export type Tools<Name extends ToolName> = Readonly<Record<Name, string | undefined>>

/**
 * Looks for programs. `npm test` has installed by then what can be installed; whoever runs a single file by
 * hand does it with `npm run install-peers`.
 */
export async function findTools<Name extends ToolName>(...names: Name[]): Promise<Tools<Name>> {
  const found = await Promise.all(names.map(async (name) => [name, await findProgram(name)] as const))
  return Object.fromEntries(found) as Tools<Name>
}

/** A suite over programs that must be there: where one is missing, it is skipped by name and with the reason. */
export function describeWith<Name extends ToolName>(
  title: string,
  tools: Tools<Name>,
  suite: (files: Readonly<Record<Name, string>>) => void,
): void {
  const missing = Object.entries(tools).flatMap(([name, file]) => (file === undefined ? [name] : []))
  if (missing.length === 0) {
    describe(title, () => suite(tools as Readonly<Record<Name, string>>))
    return
  }
  describe(title, () => {
    test(`needs ${missing.join(' and ')}`, (context) => {
      context.skip(`${missing.join(' and ')} could not be installed on this machine`)
    })
  })
}
