import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectFiles } from '../check/files.ts'
import { ROOT } from '../check/run.ts'
import { SLICES } from '../check/slices.ts'
import { eventsOf, readEvents } from './read.ts'

// Of the outbox, not of something of Node's.
const EMITS = /(?<![.\w])emit\(/
/** A type where it is emitted: that of an event, or of a parameter that becomes one. */
const TYPE = /'([a-z_-]+\.[a-z_]+)'/g

/** The words of the shape of a type in those files of a slice that emit. */
async function emittedIn(slice: string): Promise<Set<string>> {
  const files = await projectFiles(`server/src/${slice}/**/*.ts`, `server/src/${slice}/*.ts`)
  const code = files.filter((file) => !/(\.(test|suite)|\/testing[^/]*)\.ts$/.test(file))
  const texts = code.map((file) => readFileSync(join(ROOT, file), 'utf8')).filter((text) => EMITS.test(text))

  return new Set(texts.flatMap((text) => [...text.matchAll(TYPE)].map(([, type]) => String(type))))
}

test('each slice emits all events that it declares, and none of another', async () => {
  const declared = new Map(SLICES.map((slice) => [slice, eventsOf(slice).map(({ type }) => type)]))
  const all = new Set([...declared.values()].flat())
  const emitted = new Map<string, string[]>()
  for (const slice of SLICES) {
    emitted.set(
      slice,
      [...(await emittedIn(slice))].filter((type) => all.has(type)),
    )
  }

  expect(all.size).toBeGreaterThan(60)
  for (const slice of SLICES) {
    expect({ slice, types: emitted.get(slice)?.sort() }).toEqual({
      slice,
      types: declared.get(slice)?.toSorted(),
    })
  }
})

test('what stands outside the slices emits nothing', async () => {
  const files = await projectFiles('server/src/app', 'server/src/registry', 'server/src/storage')

  expect(files.filter((file) => EMITS.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([])
})

test('payloads are read with what they inherit, optional or not', () => {
  const text = `interface Base {
  /** Of it. */
  id: number
  name: string | undefined
}

interface More extends Base {
  kind?: 'a' | 'b'
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** It is there. */
    'thing.made': More
  }
}
`

  expect(readEvents('events.ts', text)).toEqual([
    {
      type: 'thing.made',
      text: 'It is there.',
      fields: [
        { name: 'id', optional: false, type: 'number', text: 'Of it.' },
        { name: 'name', optional: true, type: 'string', text: '' },
        { name: 'kind', optional: true, type: "'a' | 'b'", text: '' },
      ],
    },
  ])
  expect(() => readEvents('events.ts', 'const x = 1')).toThrow('events.ts:1')
})
