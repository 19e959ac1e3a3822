import { DomainError } from '../../platform/errors.ts'
import { createThreads, ThreadEnded } from '../../platform/threads/pool.ts'

// Ten times what real ones have.
const MAX_YAML_BYTES = 64 * 1024
const MAX_ANSWER_CHARACTERS = 1024 * 1024
// A real one takes a few, also where the machine is busy; one made for it takes seconds.
const MILLISECONDS = 2000
const MEGABYTES = 128

/** Reads what the authors of charts wrote in a thread of its own, within bounds of time and memory. */
export interface ChartReader {
  /**
   * What the first of these files names that names dependencies: JSON. Throws bad-request for what cannot be read,
   * too-large for what takes too long.
   */
  dependencies(files: readonly Uint8Array[]): Promise<string>
  close(): Promise<void>
}

/** Starts no thread before there is something to read. */
export function createChartReader(milliseconds = MILLISECONDS): ChartReader {
  // As source the code is TypeScript; as a package it lies beside main.js (scripts/build/bundle.ts).
  const file = import.meta.url.endsWith('.ts') ? './chart-thread.ts' : './chart-thread.js'
  const url = new URL(file, import.meta.url)
  const threads = createThreads({ url, milliseconds, megabytes: MEGABYTES })

  return {
    async dependencies(files) {
      if (files.some((file) => file.length > MAX_YAML_BYTES)) {
        throw tooLarge(`a file of dependencies has more than ${MAX_YAML_BYTES} bytes`)
      }
      const answer = await threads.ask(files).catch((error: unknown) => {
        if (error instanceof ThreadEnded) throw tooLarge('the dependencies take too long to read', error)
        throw error
      })
      const { json, failure } = answer as { json?: string; failure?: string }
      if (json === undefined) {
        throw new DomainError('bad-request', 'the dependencies of the chart are no YAML', { detail: failure })
      }
      if (json.length > MAX_ANSWER_CHARACTERS) throw tooLarge('the dependencies of the chart are too many')
      return json
    },
    close: threads.close,
  }
}

function tooLarge(message: string, cause?: unknown): DomainError {
  return new DomainError('too-large', message, { cause })
}
