import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storageDriverSuite } from '../../driver.suite.ts'
import { guardDriver } from '../../guarded-driver.ts'
import { openFilesystemDriver } from './filesystem-driver.ts'

storageDriverSuite('filesystem', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'portolan-storage-'))
  const open = async () => guardDriver(await openFilesystemDriver(directory))

  return {
    driver: await open(),
    reopen: open,
    async rawCount() {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true })
      return entries.filter((entry) => !entry.isDirectory()).length
    },
    close: () => rm(directory, { recursive: true }),
  }
})
