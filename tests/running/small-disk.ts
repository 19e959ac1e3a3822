import { succeed } from '../harness/command.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../harness/directory.ts'

/** A file system in memory that is as small as a test needs it. */
export interface SmallDisk {
  path: string
  resize(megabytes: number): Promise<void>
  /** Leaves not one byte free; answers the file that takes the room. */
  fill(): Promise<string>
  remove(): Promise<void>
}

/** Mounts one, as root or through sudo; undefined where this user may not. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  const directory: TemporaryDirectory = await temporaryDirectory('disk')
  const owner = `uid=${process.getuid?.() ?? 0},mode=755`
  try {
    await asRoot('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,${owner}`, 'tmpfs', directory.path)
  } catch {
    await directory.remove()
    return undefined
  }

  return {
    path: directory.path,
    resize: async (size) => {
      await asRoot('mount', '-o', `remount,size=${size}m`, directory.path)
    },
    fill: async () => {
      const file = `${directory.path}/filler`
      await succeed('sh', ['-c', 'cat /dev/zero > "$0" 2>/dev/null || true', file])
      return file
    },
    remove: async () => {
      await asRoot('umount', directory.path)
      await directory.remove()
    },
  }
}

function asRoot(...command: string[]): Promise<string> {
  const [program = '', ...args] = process.getuid?.() === 0 ? command : ['sudo', '-n', ...command]
  return succeed(program, args)
}
