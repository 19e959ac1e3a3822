/** What Harbor shows where there is no time: the first moment that its language knows. */
export const NO_TIME = '0001-01-01T00:00:00.000Z'

/** Seconds since 1970, as Harbor writes ends: -1 for never. */
export function epochOf(time: Date | undefined): number {
  return time ? Math.floor(time.getTime() / 1000) : -1
}
