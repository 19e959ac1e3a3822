import { SLICES } from '../check/slices.ts'
import { eventsOf, type Field } from './read.ts'

/** Prints `docs/reference/events.md`. */
const INTRODUCTION = `# Events

Made from the \`events.ts\` of the slices by \`npm run generate\`. What has happened, as it stands in the outbox (table \`events\`)
and among the dead letters (\`/api/v2.0/system/events\`), by the slice that tells of it. How events are heard is told in
\`server/src/platform/events/README.md\`; what webhooks make of them is Harbor's.

A field with a question mark may be missing. \`Actor\` is who did it: \`id\` and \`username\`, \`robot\` where it is a robot
account, \`address\` where he called from somewhere. A payload only grows.
`

const pages = SLICES.flatMap((slice) => {
  const events = eventsOf(slice).map(({ type, text, fields }) =>
    [`### ${type}`, text, table(fields)].join('\n\n'),
  )
  return events.length === 0 ? [] : [`## ${slice}`, ...events]
})
process.stdout.write(`${[INTRODUCTION.trimEnd(), ...pages].join('\n\n')}\n`)

function table(fields: readonly Field[]): string {
  const rows = fields.map(
    ({ name, optional, type, text }) =>
      `| \`${name}\`${optional ? '?' : ''} | \`${type.replaceAll('|', '\\|')}\` | ${text} |`,
  )
  return ['| field | type | |', '| --- | --- | --- |', ...rows].join('\n')
}
