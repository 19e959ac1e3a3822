/** Whether PostgreSQL refused a statement because a unique constraint would break. */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505'
}

/** Whether PostgreSQL refused a statement because a row that it refers to is not there. */
export function isForeignKeyViolation(error: unknown): boolean {
  return codeOf(error) === '23503'
}

/**
 * Whether something failed because the database, or what lies between, is away, full, stopping or busy: it may succeed the
 * next time, whatever it was.
 */
export function isOutage(error: unknown): boolean {
  const code = String(codeOf(error) ?? '')

  return /^(08|40|53|57|58|XX)...$/.test(code) || /^(E[A-Z]+)$/.test(code) || isLostConnection(error)
}

function isLostConnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Connection terminated|timeout exceeded when trying to connect)/.test(error.message)
  )
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
