/** Whether PostgreSQL refused a statement because a unique constraint would break. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}
