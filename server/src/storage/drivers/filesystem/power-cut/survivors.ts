import { fstatSync, linkSync, mkdirSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Which syncs of a thing have begun, and the last of them that has ended. */
interface Synced {
  syncsBegun: number
  lastSync: number
}

/** A file of the running system: `fd` reads what it holds, `stable` is what a power cut leaves of it. */
export interface FileNode extends Synced {
  fd: number
  stable: Buffer
}

/** A directory of the running system, as everybody sees it and as it is on stable storage. */
export interface DirectoryNode extends Synced {
  live: Map<string, Node>
  stable: Map<string, Node>
}

export type Node = FileNode | DirectoryNode

/** What is on the disk after the power cut. One object for all names of a file. */
export type Survivor = { bytes: Buffer } | { entries: Map<string, Survivor> }

/**
 * How the disk went down. What was synced survives always; of the rest
 * `nothing` survives, or all `names` but no content, or whatever a `chance` leaves (true or false for
 * each thing asked).
 */
export type Loss = 'nothing' | 'names' | { chance: () => boolean }

export function newFile(fd: number): FileNode {
  return { fd, stable: Buffer.alloc(0), syncsBegun: 0, lastSync: 0 }
}

export function newDirectory(): DirectoryNode {
  return { live: new Map(), stable: new Map(), syncsBegun: 0, lastSync: 0 }
}

/** What a power cut at this moment would leave below `root`. */
export function survivorsOf(root: DirectoryNode, loss: Loss): Survivor {
  const files = new Map<FileNode, Survivor>()

  function surviving(node: Node): Survivor {
    if (isDirectory(node)) return { entries: entriesOf(node) }
    const known = files.get(node)
    if (known !== undefined) return known
    const file = { bytes: contentAfter(node, loss) }
    files.set(node, file)
    return file
  }

  function entriesOf(directory: DirectoryNode): Map<string, Survivor> {
    const entries = new Map<string, Survivor>()
    for (const [name, node] of namesAfter(directory, loss)) entries.set(name, surviving(node))
    return entries
  }

  return surviving(root)
}

/** Writes survivors to a real directory, which must not exist. */
export function materialise(survivor: Survivor, path: string, names = new Map<Survivor, string>()): void {
  const otherName = names.get(survivor)
  if ('entries' in survivor) {
    mkdirSync(path)
    for (const [name, entry] of survivor.entries) materialise(entry, join(path, name), names)
  } else if (otherName === undefined) {
    writeFileSync(path, survivor.bytes)
    names.set(survivor, path)
  } else {
    linkSync(otherName, path)
  }
}

/** What the file holds at present. */
export function liveContent(file: FileNode): Buffer {
  const bytes = Buffer.alloc(fstatSync(file.fd).size)
  const count = readSync(file.fd, bytes, 0, bytes.length, 0)

  return bytes.subarray(0, count)
}

export function isDirectory(node: Node): node is DirectoryNode {
  return 'live' in node
}

function namesAfter({ live, stable }: DirectoryNode, loss: Loss): Map<string, Node> {
  if (loss === 'nothing') return stable
  if (loss === 'names') return live

  const names = new Map<string, Node>()
  for (const name of new Set([...stable.keys(), ...live.keys()])) {
    const node = (loss.chance() ? live : stable).get(name)
    if (node !== undefined) names.set(name, node)
  }
  return names
}

/** Unsynced content may have come as far as the disk, wholly or as a size with zeros behind it. */
function contentAfter(file: FileNode, loss: Loss): Buffer {
  if (typeof loss === 'string' || loss.chance()) return file.stable

  const live = liveContent(file)
  if (live.equals(file.stable) || loss.chance()) return live
  return Buffer.concat([file.stable.subarray(0, live.length), Buffer.alloc(live.length)]).subarray(
    0,
    live.length,
  )
}
