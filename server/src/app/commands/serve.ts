import { createLogger } from '../../platform/log/logger.ts'
import { serve } from '../serve.ts'
import { findTerminal } from '../terminal.ts'
import type { CommandInput } from './input.ts'

export async function run({ config }: CommandInput): Promise<void> {
  const inForce = config()
  await serve({ config: inForce, log: createLogger(inForce, 'stdout'), terminal: findTerminal() })
}
