/** Slots among which the usage of a project is spread; more than there are connections to the database. */
export const SLOTS = 32

// A slot that could take fewer pushes like this one than that is not worth having.
const WORTHWHILE = 4

/**
 * How far each slot may be filled, so that all together reach the limit and no further. Slot 0 is the pot: half of what is
 * left is in it, for blobs too large for the others; near the limit all of it, so that those who want the last
 * bytes queue for one row, and whoever gets it knows exactly what is left. Beyond the limit every slot lacks the whole
 * excess: what is given back to any of them makes no room before that.
 *
 * @param bytes what the slots hold, the pot first
 * @param next what the next pushes may be like, in bytes
 */
export function allowances(bytes: readonly number[], limit: number, next: number): number[] {
  const left = limit - bytes.reduce((sum, held) => sum + held, 0)
  if (left <= 0) return bytes.map((held) => held + left)
  const share = Math.floor(left / 2 / (bytes.length - 1))
  const spread = share >= WORTHWHILE * next ? share : 0

  return bytes.map((held, slot) => held + (slot === 0 ? left - spread * (bytes.length - 1) : spread))
}
