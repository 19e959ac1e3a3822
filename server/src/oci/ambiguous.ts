/** A name that stands twice in one object of a JSON text, however it is escaped; of two values some readers take the first. */
export function findRepeatedName(json: string): string | undefined {
  // The names of every object that is open, nothing for a list.
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < json.length; at += 1) {
    switch (json[at]) {
      case '{':
        open.push(new Set())
        break
      case '[':
        open.push(undefined)
        break
      case '}':
      case ']':
        open.pop()
        break
      case '"': {
        const end = endOfString(json, at)
        if (isName(json, end)) {
          const text = json.slice(at, end)
          const name = text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1)
          const names = open.at(-1)
          if (names?.has(name)) return name
          names?.add(name)
        }
        at = end - 1
      }
    }
  }
  return undefined
}

/**
 * A name that some readers take for one of the fields and others do not: Go does not look at capitals, nor at what Unicode
 * takes for the same letter.
 */
export function findVariant(names: Iterable<string>, fields: readonly string[]): string | undefined {
  const known = new RegExp(`^(?:${fields.join('|')})$`, 'iu')
  for (const name of names) if (!fields.includes(name) && known.test(name)) return name
  return undefined
}

/** Where a string ends, which begins here; of valid JSON, so that it does. */
function endOfString(json: string, start: number): number {
  let end = start + 1
  while (end < json.length && json[end] !== '"') end += json[end] === '\\' ? 2 : 1
  return end + 1
}

function isName(json: string, end: number): boolean {
  let next = end
  while (/\s/.test(json[next] ?? '')) next += 1
  return json[next] === ':'
}
