import { expect, test } from 'vitest'
import { shelf } from './testing.ts'
import { unknown } from './unknown.ts'

const SKIP_LIST = 'io.goharbor.artifact.v1alpha1.skip-list'

test('what is to be skipped is not shown, and a long list of it does not hold up a push', async () => {
  const files = shelf()
  const names = Array.from({ length: 100_000 }, (_, at) => `k${at}`)
  const body = JSON.stringify(Object.fromEntries([...names, 'seen'].map((name) => [name, 1])))
  const config = files.blob('application/vnd.acme.tool.config.v1+json', body, {
    [SKIP_LIST]: `${', x'.repeat(300_000)},${names.join(', ')}`,
  })

  expect(await unknown(config.mediaType).attributes(files.image(config), files)).toEqual({ seen: 1 })
})
