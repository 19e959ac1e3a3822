import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { loadConfig } from '../../config/load.ts'
import { ignore } from '../../lib/ignore.ts'
import { loadSecretBox } from '../../platform/crypto/secret-key.ts'
import { openDatabase } from '../../platform/db/database.ts'
import { startEmbedded } from '../../platform/db/embedded/server.ts'
import { migrate } from '../../platform/db/migrate.ts'
import { openStorage } from '../../storage/open.ts'
import { createPasswords } from '../../users/passwords.ts'
import { createAdministrator } from '../administrator.ts'
import { composeServer } from '../compose.ts'
import { openDataDirectory } from '../data-directory.ts'
import { referenceText } from './reference-text.ts'

/** Prints `docs/reference/api.md`: the operations of the program, put together as it is when it starts. */
const directory = await mkdtemp(join(tmpdir(), 'portolan-api-'))
const log = pino({ level: 'silent' })
try {
  const env = { PORTOLAN_DATA_DIRECTORY: join(directory, 'data'), PORTOLAN_ADMIN_PASSWORD: 'Generated1' }
  const config = loadConfig({ env })
  await openDataDirectory(config)
  const server = await startEmbedded({ directory: join(directory, 'pg'), maxConnections: 5, log })
  const { connection } = server
  const db = openDatabase({ connection, maxConnections: 2 }, ignore)
  await migrate(db, { log })
  await createAdministrator({ db, passwords: createPasswords(), log, terminal: undefined }, config)
  const storage = await openStorage({ driver: 'memory' })
  const secretKey = await loadSecretBox(config)
  const { app } = await composeServer({
    config,
    log,
    db,
    prepared: db,
    connection,
    storage,
    secretKey,
    version: '',
  })

  const answer = await app.inject('/api/v2.0/openapi.json')
  process.stdout.write(referenceText(answer.json()))
  await app.close()
  await db.destroy()
  await server.stop()
} finally {
  await rm(directory, { recursive: true, force: true })
}
