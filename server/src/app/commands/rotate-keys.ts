import { rotateSigningKey } from '../../auth/tokens/keys.ts'
import { loadSecretBox } from '../../platform/crypto/secret-key.ts'
import { createLogger } from '../../platform/log/logger.ts'
import { withDatabase } from '../offline-database.ts'
import type { CommandInput } from './input.ts'

/** With `--distrust` tokens signed by former keys stop working at once, else when they expire. */
export async function run({ config, options }: CommandInput): Promise<void> {
  const inForce = config()
  const { distrust = false } = options
  const kid = await withDatabase(inForce, createLogger(inForce, 'stderr'), async (db) => {
    const box = await loadSecretBox(inForce)

    return await rotateSigningKey({ db, box, now: () => new Date() }, { distrust })
  })
  process.stdout.write(`${kid}\n`)
}
