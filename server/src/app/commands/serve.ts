import { openLog } from '../../platform/log/open-log.ts'
import { serve } from '../serve.ts'
import { findTerminal } from '../terminal.ts'
import type { CommandInput } from './input.ts'

export async function run({ config }: CommandInput): Promise<void> {
  const inForce = config()
  const { log, close } = await openLog(inForce)
  try {
    await serve({ config: inForce, log, terminal: findTerminal() })
  } finally {
    await close()
  }
}
