/** One line of the check: what it proves and how it is asked. */
export interface Step {
  /** As `--only` takes it. */
  name: string
  about: string
  /** Whether `--fast` runs it too. */
  fast: boolean
  run(): Promise<Outcome>
}

export interface Outcome {
  passed: number
  failed: number
  skipped: Skip[]
  /** Printed below the step's line; empty where there is nothing to say. */
  output: string
}

export interface Skip {
  name: string
  /** Where the name does not say it already. */
  reason?: string | undefined
}

/** The outcome of a static check: it holds, or these are the reasons why not. */
export function verdict(complaints: readonly string[]): Outcome {
  const failed = complaints.length === 0 ? 0 : 1

  return { passed: 1 - failed, failed, skipped: [], output: complaints.join('\n') }
}
