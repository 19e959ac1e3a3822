/**
 * How much of JSON may be read: parsing takes time by its values and its depth, hardly by its bytes, and most of all by the
 * names in one object, of which twice as many take four times as long.
 */
export interface JsonBounds {
  /** Names of fields and values, all together. */
  values: number
  /** Lists and objects within each other. */
  depth: number
  /** Names of fields in one object. */
  names: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Whether JSON stays within the bounds, told from its brackets and commas in one pass, a hundredth of what parsing bad
 * input takes. Of what is no JSON it may say either.
 */
export function isLightJson(bytes: Uint8Array, { values, depth, names }: JsonBounds): boolean {
  let seen = 1
  let open = 0
  // By depth, of what is open.
  const named: number[] = []
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfText(bytes, at)
        break
      case 0x2c: // ,
        seen += 1
        break
      case 0x3a: // :
        seen += 1
        named[open] = (named[open] ?? 0) + 1
        if ((named[open] ?? 0) > names) return false
        break
      case 0x5b: // [
      case 0x7b: // {
        seen += 1
        open += 1
        if (open > depth) return false
        named[open] = 0
        break
      case 0x5d: // ]
      case 0x7d: // }
        open -= 1
        break
    }
    if (seen > values) return false
  }
  return true
}

function endOfText(bytes: Uint8Array, start: number): number {
  for (let end = bytes.indexOf(QUOTE, start + 1); end !== -1; end = bytes.indexOf(QUOTE, end + 1)) {
    let escapes = 0
    while (bytes[end - 1 - escapes] === BACKSLASH) escapes += 1
    if (escapes % 2 === 0) return end
  }
  return bytes.length
}
