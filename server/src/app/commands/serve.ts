import { openLog } from '../../platform/log/open-log.ts'
import { processesOf, serve } from '../serve.ts'
import { findTerminal } from '../terminal.ts'
import type { CommandInput } from './input.ts'

export async function run({ config }: CommandInput): Promise<void> {
  const inForce = config()
  // Where there are several, each entry says whose it is.
  const { log, pass, close } = await openLog(inForce, processesOf(inForce) > 1 ? { pid: process.pid } : {})
  try {
    await serve({ config: inForce, log, terminal: findTerminal(), passLog: pass })
  } finally {
    await close()
  }
}
