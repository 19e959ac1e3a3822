/** Slots among which the usage of a project is spread; more than there are connections to the database. */
export const SLOTS = 32

/**
 * How far each slot may be filled, so that all together reach the limit and no further. What is left is shared out evenly
 * among as many slots as can then take a push like the next one: near the limit to fewer, the last bytes to one, so
 * that pushes go on side by side until the project is full. Beyond the limit every slot lacks the whole excess: what is
 * given back to any of them makes no room before that.
 *
 * @param bytes what the slots hold
 * @param next what the next pushes may be like, in bytes
 */
export function allowances(bytes: readonly number[], limit: number, next: number): number[] {
  const left = limit - bytes.reduce((sum, held) => sum + held, 0)
  if (left <= 0) return bytes.map((held) => held + left)
  const sharers = Math.max(1, Math.min(bytes.length, Math.floor(left / Math.max(1, next))))
  const share = Math.floor(left / sharers)
  const rest = left - share * sharers

  return bytes.map((held, slot) => held + (slot < sharers ? share : 0) + (slot === 0 ? rest : 0))
}
