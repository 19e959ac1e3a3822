/** The wish of the operating system that we stop. */
export interface StopSignal {
  /** Resolves with the first SIGTERM or SIGINT. */
  received: Promise<NodeJS.Signals>
  isReceived(): boolean
  /** Hands the signals back to Node. */
  dispose(): void
}

/** Listens for SIGTERM and SIGINT; the second one ends the process on the spot. */
export function listenForStop(): StopSignal {
  const signals = ['SIGTERM', 'SIGINT'] as const
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let count = 0
  const onSignal = (signal: NodeJS.Signals): void => {
    count += 1
    if (count > 1) process.exit(1)
    resolve(signal)
  }
  for (const signal of signals) process.on(signal, onSignal)

  return {
    received: promise,
    isReceived: () => count > 0,
    dispose() {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}
