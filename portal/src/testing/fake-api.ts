import type { Static, TSchema } from 'typebox'
import Value from 'typebox/value'
import { onTestFinished, vi } from 'vitest'

interface FakeApi {
  /** From now on, GET `path` (below `/api/v2.0`) answers `body`, which must be what the contract allows. */
  answer<S extends TSchema>(path: string, schema: S, body: Static<S>, status?: number): void
  /** From now on, nothing answers `path`: the connection is refused. */
  refuse(path: string): void
  /** Stops answering `path` until the test ends: the caller goes on waiting. */
  hang(path: string): void
}

/** Stands in for the server's REST API until the test ends; a call it was not told of fails the test. */
export function fakeApi(): FakeApi {
  const answers = new Map<string, () => Promise<Response>>()
  const unexpected: string[] = []
  vi.stubGlobal('fetch', (input: string) => {
    const answer = answers.get(input)
    if (answer === undefined) unexpected.push(input)

    return answer?.() ?? Promise.reject(new TypeError(`unexpected call of ${input}`))
  })
  onTestFinished(() => {
    vi.unstubAllGlobals()
    if (unexpected.length > 0) throw new Error(`unexpected calls: ${unexpected.join(', ')}`)
  })

  return {
    answer(path, schema, body, status = 200) {
      if (!Value.Check(schema, body)) throw new Error(`${path} can never answer ${JSON.stringify(body)}`)
      answers.set(`/api/v2.0${path}`, async () => Response.json(body, { status }))
    },
    refuse(path) {
      answers.set(`/api/v2.0${path}`, () => Promise.reject(new TypeError('Failed to fetch')))
    },
    hang(path) {
      answers.set(`/api/v2.0${path}`, () => new Promise(() => undefined))
    },
  }
}
