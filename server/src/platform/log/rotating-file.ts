import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

export interface RotatingFileOptions {
  path: string
  /** From this size on a new file is begun. */
  mostBytes: number
  /** How many files there are at most, the one that is written among them. */
  files: number
}

/**
 * Appends to a file; the ones before are `path.1`, `path.2` and so on, the oldest last. Synchronous, like all that is
 * logged. It throws where the file cannot be opened at first; later a full disk costs entries, and not the process.
 */
export function rotatingFile({ path, mostBytes, files }: RotatingFileOptions): DestinationStream {
  let file = openSync(path, 'a', 0o640)
  let size = fstatSync(file).size

  function rotate(): void {
    closeSync(file)
    try {
      rmSync(`${path}.${files - 1}`, { force: true })
      for (let number = files - 1; number > 0; number -= 1) {
        move(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`)
      }
      if (files === 1) rmSync(path, { force: true })
    } finally {
      file = openSync(path, 'a', 0o640)
      size = fstatSync(file).size
    }
  }

  return {
    write(line) {
      try {
        const bytes = Buffer.from(line)
        if (size > 0 && size + bytes.length > mostBytes) rotate()
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
        size += bytes.length
      } catch {
        // Standard output has it.
      }
    },
  }
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
