import { setImmediate } from 'node:timers/promises'

/** So long may one piece of work keep everybody else of the process waiting. */
const TURN_MILLISECONDS = 5
/** Looking at the clock costs something too. */
const BETWEEN_LOOKS = 64

/** For long loops without waiting: where it answers a promise, somebody else's turn has come, and it is to be awaited. */
export function takeTurns(): () => Promise<void> | undefined {
  let begin = performance.now()
  let steps = 0

  return () => {
    if (++steps % BETWEEN_LOOKS !== 0 || performance.now() - begin < TURN_MILLISECONDS) return undefined
    return setImmediate().then(() => {
      begin = performance.now()
    })
  }
}

/** The first of the items that is meant, found in turns with everybody else. */
export async function findInTurns<T>(
  items: Iterable<T>,
  isMeant: (item: T) => boolean,
): Promise<T | undefined> {
  const turn = takeTurns()
  for (const item of items) {
    if (isMeant(item)) return item
    const others = turn()
    if (others !== undefined) await others
  }
  return undefined
}
