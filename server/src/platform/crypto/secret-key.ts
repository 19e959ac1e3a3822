import { randomBytes } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { FatalError } from '../errors.ts'
import { createFileOnce, type Files, syncDirectory } from '../files.ts'
import { KEY_BYTES, type SecretBox, secretBox } from './secret-box.ts'

export type SecretKeyConfig = Pick<Config, 'dataDirectory' | 'secretKey' | 'secretKeyFile'>

/**
 * The key that seals secrets in the database: `secret_key`, else the file `secret_key_file`, else
 * `secret.key` in the data directory, which is made here when it is not there yet.
 */
export async function loadSecretBox(config: SecretKeyConfig, files?: Files): Promise<SecretBox> {
  if (config.secretKey !== undefined) return secretBox(decode(config.secretKey, 'secret_key'))
  if (config.secretKeyFile !== undefined) return secretBox(await readKey(config.secretKeyFile))
  const file = join(config.dataDirectory, 'secret.key')
  // Before anything is sealed with it, it must be there to stay, whoever made it and was killed since.
  if (await exists(file)) await syncDirectory(dirname(file), files)
  else await createFileOnce(file, `${randomBytes(KEY_BYTES).toString('base64')}\n`, files)

  return secretBox(await readKey(file))
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}

async function readKey(file: string): Promise<Buffer> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new FatalError(`the secret key ${file} cannot be read (${error.code})`, { cause: error })
  })

  return decode(text, file)
}

function decode(text: string, source: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length !== KEY_BYTES) throw new FatalError(`${source}: must hold ${KEY_BYTES} bytes in base64`)

  return key
}
