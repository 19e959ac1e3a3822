import { storageDriverSuite } from '../../driver.suite.ts'
import { guardDriver } from '../../guarded-driver.ts'
import { createMemoryContents, openMemoryDriver } from './memory-driver.ts'

storageDriverSuite('memory', async () => {
  const contents = createMemoryContents()

  return {
    driver: guardDriver(await openMemoryDriver(contents)),
    reopen: async () => guardDriver(await openMemoryDriver(contents)),
    rawCount: async () => contents.objects.size + contents.uploads.size,
    async close() {
      contents.objects.clear()
    },
  }
})
