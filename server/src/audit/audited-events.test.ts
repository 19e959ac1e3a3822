import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AUDITED_EVENTS } from './words.ts'

const SERVER = join(import.meta.dirname, '..')
const EMITTED = /\bemit\(\s*\w+,\s*\{\s*type:\s*'([a-z_]+\.[a-z_]+)'/g

/** What no person does: the job service shows it. */
const NOT_TOLD = ['execution.ended']

test('every event that a slice emits has its row in words.ts', () => {
  const sources = globSync('**/*.ts', { cwd: SERVER }).filter((file) => !/\.(test|suite)\.ts$/.test(file))

  const emitted = sources.flatMap((file) =>
    [...readFileSync(join(SERVER, file), 'utf8').matchAll(EMITTED)].map(([, type]) => String(type)),
  )

  expect(emitted.length).toBeGreaterThan(20)
  expect([...new Set(emitted)].filter((type) => ![...AUDITED_EVENTS, ...NOT_TOLD].includes(type))).toEqual([])
})
