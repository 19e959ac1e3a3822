/**
 * Clients written for Harbor encode names in a path, and conditions of a query, twice, and the router has decoded
 * once. No name has a percent sign, so a second look is safe.
 */
export function decodeAgain(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
