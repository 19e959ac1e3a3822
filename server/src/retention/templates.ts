import { DomainError } from '../platform/errors.ts'

/** What templates look at. */
export interface Timed {
  pushTime: Date
  /** Undefined: never. */
  pullTime: Date | undefined
}

/** Those of the selected artifacts that are kept. */
export type Template = <A extends Timed>(selected: readonly A[], now: Date) => readonly A[]

const DAY = 86_400_000
const MOST = 1_000_000

const pushed = (artifact: Timed) => artifact.pushTime.getTime()
const pulled = (artifact: Timed) => artifact.pullTime?.getTime() ?? 0
const active = (artifact: Timed) => Math.max(pushed(artifact), pulled(artifact))

type Time = (artifact: Timed) => number

/** The newest; of the same age those that come first. */
const latest =
  (time: Time) =>
  (count: number): Template =>
  (selected) =>
    [...selected].sort((one, other) => time(other) - time(one)).slice(0, count)

const within =
  (time: Time) =>
  (days: number): Template =>
  (selected, now) =>
    selected.filter((artifact) => time(artifact) >= now.getTime() - days * DAY)

interface Named {
  /** Undefined: it takes no number. */
  unit: 'COUNT' | 'DAYS' | undefined
  /** Where none is given, as in Harbor. */
  usual: number
  make(number: number): Template
  /** How Harbor calls it; undefined where only stored rules of old have it. */
  text?: string
}

/** Harbor's templates, and those that older policies still name. */
export const TEMPLATES: Readonly<Record<string, Named>> = {
  latestPushedK: {
    unit: 'COUNT',
    usual: 10,
    make: latest(pushed),
    text: 'the most recently pushed # artifacts',
  },
  latestPulledN: {
    unit: 'COUNT',
    usual: 10,
    make: latest(pulled),
    text: 'the most recently pulled # artifacts',
  },
  nDaysSinceLastPush: {
    unit: 'DAYS',
    usual: 30,
    make: within(pushed),
    text: 'pushed within the last # days',
  },
  nDaysSinceLastPull: {
    unit: 'DAYS',
    usual: 30,
    make: within(pulled),
    text: 'pulled within the last # days',
  },
  always: { unit: undefined, usual: 0, make: () => (selected) => selected, text: 'always' },
  latestActiveK: { unit: 'COUNT', usual: 10, make: latest(active) },
  lastXDays: { unit: 'DAYS', usual: 7, make: within(pushed) },
  nothing: { unit: undefined, usual: 0, make: () => () => [] },
}

/** The template of a rule with its number. Throws bad-request. */
export function templateOf(name: string, params: Readonly<Record<string, unknown>>): Template {
  const named = Object.hasOwn(TEMPLATES, name) ? TEMPLATES[name] : undefined
  if (!named)
    throw new DomainError('bad-request', `bad request: unknown rule template ${JSON.stringify(name)}`)
  const number = params[name] ?? named.usual
  if (
    typeof number !== 'number' ||
    !Number.isInteger(number) ||
    number > MOST ||
    number < (named.unit ? 1 : 0)
  ) {
    throw new DomainError('bad-request', `bad request: ${name} takes a whole number from 1 to ${MOST}`)
  }
  return named.make(number)
}
