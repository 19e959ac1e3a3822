/**
 * Milliseconds of processor time that this process spends while something is done, on all its threads. Unlike the time on the
 * clock it does not depend on who else is at work on the machine.
 */
export async function processorTimeOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)

  return (user + system) / 1000
}

/** The least of some rounds, each of which does the same: for comparing two kinds of work at the same moment. */
export async function leastProcessorTimeOf(work: () => unknown, rounds = 5): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round += 1) least = Math.min(least, await processorTimeOf(work))

  return least
}
