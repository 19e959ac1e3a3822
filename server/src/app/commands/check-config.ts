import { readDocument } from '../../config/load.ts'
import { maskedText } from '../../config/masked-text.ts'
import { readFixed } from '../../settings/fixed.ts'
import type { CommandInput } from './input.ts'

export async function run({ options }: CommandInput): Promise<void> {
  const document = readDocument({ file: options.config, env: process.env })
  readFixed(document.settings)
  process.stdout.write(maskedText(document))
}
