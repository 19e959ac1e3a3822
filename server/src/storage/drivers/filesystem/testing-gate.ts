import type { FileSystem, OpenFile } from './fs.ts'

/** Something that the program asks of what it stands on. */
export interface Operation {
  of: 'files' | 'database'
  /** Of files the method, of the database `read`, `write`, `begin`, `commit` or `rollback`. */
  what: string
  /** The path, or the statement. */
  subject: string
  /** Whether what a power cut leaves may be another thing behind it. */
  lasting: boolean
}

/** Stands before every operation, and behind it. Either may reject: undone, or done and the answer lost. */
export interface Gate {
  /** For writes it may answer how many bytes go through. */
  before(operation: Operation): Promise<number | undefined>
  after?(operation: Operation): Promise<void>
}

/** A filesystem behind a gate, and how many of its files are open. */
export interface GatedFileSystem {
  fs: FileSystem
  openFiles(): number
}

/** Puts a gate before a filesystem. A close that is refused has closed all the same, as close(2) does. */
export function gateFileSystem(fs: FileSystem, gate: Gate): GatedFileSystem {
  let open = 0

  async function pass<T>(what: string, subject: string, lasting: boolean, run: () => Promise<T>): Promise<T> {
    const operation = { of: 'files' as const, what, subject, lasting }
    await gate.before(operation)
    const result = await run()
    await gate.after?.(operation)
    return result
  }

  function gateFile(file: OpenFile, path: string): OpenFile {
    return {
      stat: () => pass('fstat', path, false, () => file.stat()),
      read: (...args) => pass('read', path, false, () => file.read(...args)),
      async writev(buffers, position) {
        const operation = { of: 'files' as const, what: 'writev', subject: path, lasting: true }
        const most = await gate.before(operation)
        const result = await file.writev(most === undefined ? buffers : firstBytes(buffers, most), position)
        await gate.after?.(operation)
        return result
      },
      truncate: (length) => pass('truncate', path, true, () => file.truncate(length)),
      datasync: () => pass('datasync', path, true, () => file.datasync()),
      sync: () => pass('sync', path, true, () => file.sync()),
      async close() {
        open -= 1
        await file.close()
        await gate.before({ of: 'files', what: 'close', subject: path, lasting: false })
      },
    }
  }

  return {
    openFiles: () => open,
    fs: {
      open: (path, flags, mode) =>
        pass(`open ${flags}`, path, flags === 'wx', async () => {
          const file = await fs.open(path, flags, mode)
          open += 1
          return gateFile(file, path)
        }),
      mkdir: (path, mode) => pass('mkdir', path, true, () => fs.mkdir(path, mode)),
      link: (from, to) => pass('link', to, true, () => fs.link(from, to)),
      rmdir: (path) => pass('rmdir', path, true, () => fs.rmdir(path)),
      unlink: (path) => pass('unlink', path, true, () => fs.unlink(path)),
      copyFile: (from, to, mode) => pass('copyFile', to, true, () => fs.copyFile(from, to, mode)),
      readdir: (path, options) => pass('readdir', path, false, () => fs.readdir(path, options)),
      stat: (path) => pass('stat', path, false, () => fs.stat(path)),
      statfs: (path) => pass('statfs', path, false, () => fs.statfs(path)),
    },
  }
}

function firstBytes(buffers: Uint8Array[], most: number): Uint8Array[] {
  const [first = new Uint8Array()] = buffers

  return [first.subarray(0, Math.max(1, Math.min(most, first.byteLength)))]
}
