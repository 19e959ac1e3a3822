import type pg from 'pg'
import type { Tracing } from '../tracing/tracing.ts'

/** Tells of the statements of a connection: their text, in which values are placeholders, and never a value. */
export function traceStatements(client: pg.PoolClient, tracing: Pick<Tracing, 'leaf'>): void {
  const query = client.query.bind(client) as (...input: unknown[]) => unknown
  const traced = (...input: unknown[]) => {
    const start = performance.now()
    const text = textOf(input[0])
    if (text === undefined) return query(...input)
    const told = (error?: unknown) =>
      tracing.leaf({
        name: nameOf(text),
        seconds: (performance.now() - start) / 1000,
        failed: error !== undefined,
        attributes: {
          'db.system.name': 'postgresql',
          'db.query.text': text,
          // The message may hold values.
          'db.response.status_code': codeOf(error),
        },
      })
    // One that sends itself says itself when it is done.
    if (isSubmittable(input[0])) {
      const { callback } = input[0]
      input[0].callback = (error, result) => {
        told(error ?? undefined)
        callback(error, result)
      }
    }
    const answer = query(...input)
    if (!(answer instanceof Promise)) return answer
    return answer.then(
      (result) => {
        told()
        return result
      },
      (error: unknown) => {
        told(error)
        throw error
      },
    )
  }
  client.query = traced as typeof client.query
}

const TABLE = /\b(?:from|into|update|join)\s+(?:only\s+)?"?([a-z_]+)"?/i

interface Submittable {
  callback(error: Error | null, result: unknown): void
}

function isSubmittable(statement: unknown): statement is Submittable {
  return (
    typeof statement === 'object' && statement !== null && 'submit' in statement && 'callback' in statement
  )
}

/** What is done, and to which table first: `SELECT tags`. */
export function nameOf(text: string): string {
  const verb = /^\s*(?:\/\*.*?\*\/\s*)?([a-z]+)/i.exec(text)?.[1]?.toUpperCase() ?? 'SQL'
  const table = TABLE.exec(text)?.[1]
  return table === undefined ? verb : `${verb} ${table}`
}

function textOf(statement: unknown): string | undefined {
  if (typeof statement === 'string') return statement
  const { text } = (statement ?? {}) as { text?: unknown }
  return typeof text === 'string' ? text : undefined
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}
