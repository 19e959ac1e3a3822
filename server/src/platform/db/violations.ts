/** Whether PostgreSQL refused a statement because a unique constraint would break. */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505'
}

/** Whether PostgreSQL refused a statement because a row that it refers to is not there. */
export function isForeignKeyViolation(error: unknown): boolean {
  return codeOf(error) === '23503'
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
