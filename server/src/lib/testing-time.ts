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
