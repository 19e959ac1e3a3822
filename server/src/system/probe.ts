/** Asks a part of the system whether it works: undefined, or in public words what is wrong with it. */
export type Probe = () => Promise<string | undefined>

/**
 * A probe out of a check that rejects when the part does not work. Takes at most `timeout` milliseconds; a
 * check that hangs goes on, and those who ask meanwhile wait for the same one: one question at a time reaches
 * the part, however many there are who want to know.
 */
export function createProbe(what: string, check: () => Promise<unknown>, timeout: number): Probe {
  let running: Promise<string | undefined> | undefined

  return async () => {
    running ??= check()
      .then(
        () => undefined,
        () => `${what} does not work`,
      )
      .finally(() => {
        running = undefined
      })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(resolve, timeout, `${what} does not answer`)
    })
    try {
      return await Promise.race([running, late])
    } finally {
      clearTimeout(timer)
    }
  }
}
