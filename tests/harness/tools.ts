import { findProgram } from '../../scripts/peers/path.ts'
import type { DebianProgram, GoProgram } from '../../scripts/peers/programs.ts'

export type ToolName = DebianProgram | GoProgram

/** A program that is there, or the reason why this machine cannot have it. */
export type Tool = { name: ToolName; file: string } | { name: ToolName; missing: string }

/**
 * Finds a program that a test drives. `npm run install-peers` (which `npm test` does first) installs what is
 * missing; where CI is set, what could not be had is an error and not a reason to skip.
 */
export async function findTool(name: ToolName): Promise<Tool> {
  const file = await findProgram(name)
  if (file !== undefined) return { name, file }
  if (process.env.CI === 'true') throw new Error(`${name} is needed where CI=true and is not installed`)

  return { name, missing: 'not installed, and `npm run install-peers` says why' }
}

/** What a suite is called: its plain title, with the reason behind it when it must be skipped. */
export function titleOf(title: string, ...tools: Tool[]): string {
  const reasons = tools.flatMap((tool) => ('missing' in tool ? [`${tool.name}: ${tool.missing}`] : []))
  return reasons.length === 0 ? title : `${title} (skipped: ${reasons.join('; ')})`
}

export function isMissing(...tools: Tool[]): boolean {
  return tools.some((tool) => 'missing' in tool)
}

/** The program's path. A test only asks for it where the tool is there. */
export function fileOf(tool: Tool): string {
  if ('missing' in tool) {
    throw new Error(`${tool.name} is missing: ${tool.missing}`)
  }
  return tool.file
}
