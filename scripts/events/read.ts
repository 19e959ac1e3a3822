import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../check/run.ts'

/** A field of a payload. */
export interface Field {
  name: string
  optional: boolean
  type: string
  text: string
}

/** A type of event as the `events.ts` of a slice declares it. */
export interface DeclaredEvent {
  type: string
  text: string
  fields: Field[]
}

/** The events that a slice declares; none where it has no `events.ts`. */
export function eventsOf(slice: string): DeclaredEvent[] {
  const file = `server/src/${slice}/events.ts`
  const text = readOrNothing(join(ROOT, file))

  return text === undefined ? [] : readEvents(file, text)
}

const INTERFACE = /^(?:export )?interface (\w+)(?: extends (\w+))? \{$/
const FIELD = /^\s+(\w+)(\?)?: (.+)$/
const EVENT = /^\s+'([a-z_-]+\.[a-z_]+)': (\w+)$/
const COMMENT = /^\s*\/\*\* (.*) \*\/$/
const PASSED_OVER = /^(|\s*\}|import type .*|export type .*|declare module .*|\s+interface EventPayloads \{)$/

/**
 * Reads what `events.ts` may consist of: payloads as interfaces, a field a line, and the list that gives each type one of
 * them. Whatever else stands there is refused, so that the page tells all.
 */
export function readEvents(file: string, text: string): DeclaredEvent[] {
  const payloads = new Map<string, { base: string | undefined; fields: Field[] }>()
  const events: { type: string; text: string; payload: string }[] = []
  let inside: Field[] | undefined
  let comment = ''
  for (const [index, line] of text.split('\n').entries()) {
    const told = COMMENT.exec(line)?.[1]
    if (told !== undefined) {
      comment = told
      continue
    }
    const payload = INTERFACE.exec(line)
    const event = EVENT.exec(line)
    const field = FIELD.exec(line)
    if (event) events.push({ type: event[1] ?? '', text: comment, payload: event[2] ?? '' })
    else if (payload) {
      inside = []
      payloads.set(payload[1] ?? '', { base: payload[2], fields: inside })
    } else if (field && inside) inside.push(fieldOf(field, comment))
    else if (!PASSED_OVER.test(line)) throw new Error(`${file}:${index + 1}: is no part of a list of events`)
    comment = ''
  }

  return events.map(({ payload, ...event }) => ({ ...event, fields: fieldsOf(payload) }))

  function fieldsOf(name: string): Field[] {
    const found = payloads.get(name)
    if (!found) throw new Error(`${file}: there is no payload ${name}`)
    const own = new Set(found.fields.map((field) => field.name))
    const inherited = found.base === undefined ? [] : fieldsOf(found.base)

    return [...inherited.filter((field) => !own.has(field.name)), ...found.fields]
  }
}

function fieldOf([, name = '', mark, type = '']: RegExpExecArray, text: string): Field {
  const optional = mark === '?' || type.endsWith(' | undefined')
  return { name, optional, type: type.replace(/ \| undefined$/, ''), text }
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
