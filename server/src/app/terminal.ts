/** A person at standard output. */
export interface Terminal {
  /** Prints a text for that person alone: it never goes through the log. */
  show(text: string): void
}

/** Standard output where it is a terminal. */
export function findTerminal(): Terminal | undefined {
  if (!process.stdout.isTTY) return undefined

  return {
    show(text) {
      process.stdout.write(`\n${text}\n\n`)
    },
  }
}
