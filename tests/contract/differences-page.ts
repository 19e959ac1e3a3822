import { readFile } from 'node:fs/promises'
import path from 'node:path'

/** Prints `docs/reference/differences-from-harbor.md` from the lists that the contract tests go by. */

const HEAD = `# Differences from Harbor

Where Portolan answers otherwise than Harbor 2.16 on purpose, and why. Made by \`npm run generate\` from the lists in \`tests/contract\`, which the tests
hold against the recorded answers of a running Harbor: whatever else the recording has agrees, and a difference that is none any more fails them.

What Harbor does not have at all is marked *ours* in [api.md](api.md); what is not built yet is marked *pending* there and answers 501.
`

const TITLES: Record<string, string> = {
  'v2-challenge-and-errors': 'Registry API: errors and challenges',
  'v2-content': 'Registry API: content',
  'z-configurations': 'Settings',
  'token-service': 'Token service',
  usergroups: 'User groups',
}

interface Row {
  title: string
  reason: string
  /** What of the interface shows it. */
  seen: string
}

const answers: { topic: string; step: string; reason: string }[] = await read('differences.json')
const verdicts: { operation: string; callers: string[]; reason: string }[] = await read(
  'access/recorded-differences.json',
)
const rows: Row[] = [
  ...answers.map(({ topic, step, reason }) => ({ title: titleOf(topic), reason, seen: step })),
  ...verdicts.map(({ operation, reason }) => ({ title: 'Who is let in', reason, seen: `\`${operation}\`` })),
]

process.stdout.write(`${HEAD}\n${[...Map.groupBy(rows, ({ title }) => title)].map(section).join('\n')}`)

function section([title, found]: [string, Row[]]): string {
  const lines = [...Map.groupBy(found, ({ reason }) => reason)].map(
    ([reason, same]) => `- ${capital(reason)}. (Seen in: ${same.map(({ seen }) => seen).join(', ')}.)`,
  )
  return `## ${title}\n\n${lines.join('\n')}\n`
}

function titleOf(topic: string): string {
  return TITLES[topic] ?? capital(topic)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

async function read<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(path.join(import.meta.dirname, file), 'utf8'))
}
