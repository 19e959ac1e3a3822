import { readDocument } from '../../config/load.ts'
import { maskedText } from '../../config/masked-text.ts'
import type { CommandInput } from './input.ts'

export async function run({ options }: CommandInput): Promise<void> {
  process.stdout.write(maskedText(readDocument({ file: options.config, env: process.env })))
}
