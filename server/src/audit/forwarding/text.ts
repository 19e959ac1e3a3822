import type { ForwardedEntry } from './queue-store.ts'

const SHRINKING = ['description', 'resource', 'username', 'project_name'] as const

/** The entry as JSON of at most `most` bytes: what is too long loses the ends of its texts, and stays JSON. */
export function entryText(entry: ForwardedEntry, most: number): string {
  const short = { ...entry }
  let text = JSON.stringify(short)
  for (let round = 0; Buffer.byteLength(text) > most && round < 40; round += 1) {
    const longest = SHRINKING.reduce((one, other) => (short[other].length > short[one].length ? other : one))
    short[longest] = `${short[longest].slice(0, Math.floor(short[longest].length / 2))}…`
    text = JSON.stringify(short)
  }
  return text
}
