/** Bytes after which it is asked anew what the rows of uploads tell. */
const LOOK_EVERY_BYTES = 32 * 1024 * 1024

/** Bytes of a project that have come to this process. */
interface Arrivals {
  /** In bodies that have not ended: no row tells of them yet. */
  inFlight: number
  /** Since the last look at what the rows tell. */
  unseen: number
}

/** What arrives for each project, in this process. */
export interface Arriving {
  readonly lookEvery: number
  of(projectId: number): Arrivals
}

/** Nothing has come yet. */
export function createArriving(lookEvery = LOOK_EVERY_BYTES): Arriving {
  const projects = new Map<number, Arrivals>()

  return {
    lookEvery,
    of(projectId) {
      const known = projects.get(projectId) ?? { inFlight: 0, unseen: 0 }
      projects.set(projectId, known)
      return known
    },
  }
}
