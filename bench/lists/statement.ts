/** One statement that makes rows. */
export interface Statement {
  text: string
  values?: unknown[]
}

/** A digest made of an SQL expression. */
export function digest(text: string): string {
  return `'sha256:' || encode(sha256((${text})::text::bytea), 'hex')`
}
