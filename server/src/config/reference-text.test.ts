import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { configKeys } from './keys.ts'
import { referenceText } from './reference-text.ts'

test('docs/reference/configuration.md is current (node server/src/config/reference.ts prints it)', async () => {
  const committed = await readFile(
    new URL('../../../docs/reference/configuration.md', import.meta.url),
    'utf8',
  )

  expect(committed).toBe(referenceText())
})

test('every key has a help text', () => {
  const silent = configKeys().filter((key) => key.schema.description === '')

  expect(silent).toEqual([])
})

test('no two keys share an environment variable', () => {
  const variables = configKeys().map((key) => key.variable)

  expect(new Set(variables).size).toBe(variables.length)
})
