import type { FileSystem } from '../fs.ts'

/** The same filesystem without the wait for the disk: for files that nobody needs after the test. */
export function withoutSyncs(fs: FileSystem): FileSystem {
  return {
    ...fs,
    async open(path, flags, mode) {
      const file = await fs.open(path, flags, mode)
      return {
        stat: () => file.stat(),
        read: (...args) => file.read(...args),
        writev: (...args) => file.writev(...args),
        truncate: (length) => file.truncate(length),
        datasync: async () => undefined,
        sync: async () => undefined,
        close: () => file.close(),
      }
    },
  }
}
