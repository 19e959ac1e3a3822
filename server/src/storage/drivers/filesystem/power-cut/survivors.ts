import { createHash } from 'node:crypto'
import { fstatSync, linkSync, mkdirSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Which syncs of a thing have begun, and the last of them that has ended. */
interface Synced {
  syncsBegun: number
  lastSync: number
}

/**
 * A file of the running system: `fd` reads what it holds, `written` is what writes have left that are over, `stable` is what a power
 * cut leaves of it.
 */
export interface FileNode extends Synced {
  fd: number
  written: Buffer
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

/** True or false for each thing asked. */
type Chance = () => boolean

/** How the disk went down. What was synced survives always; this is about the rest. */
export interface Loss {
  /** Names that were made or taken away since the last sync of their directory: as before, as now, or each as a chance leaves it. */
  names: 'lost' | 'kept' | Chance
  /** Bytes written since the last sync of their file: `zeros` have come with their number alone, `torn` are the first half. */
  contents: 'lost' | 'kept' | 'zeros' | 'torn' | Chance
}

/** Every way that a test looks at. */
export const LOSSES: readonly Loss[] = [
  { names: 'lost', contents: 'lost' },
  { names: 'kept', contents: 'kept' },
  { names: 'kept', contents: 'lost' },
  { names: 'kept', contents: 'zeros' },
  { names: 'kept', contents: 'torn' },
  { names: 'lost', contents: 'kept' },
  { names: coin(1), contents: coin(2) },
  { names: coin(3), contents: coin(4) },
]

export function newFile(fd: number): FileNode {
  return { fd, written: contentOf(fd), stable: Buffer.alloc(0), syncsBegun: 0, lastSync: 0 }
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

/** The same text for what is the same. */
export function fingerprintOf(survivor: Survivor): string {
  const files = new Map<Survivor, string>()

  function describe(node: Survivor): unknown {
    if ('entries' in node) return [...node.entries].map(([name, entry]) => [name, describe(entry)])
    const known = files.get(node)
    if (known !== undefined) return known
    const content = `${files.size}:${createHash('sha1').update(node.bytes).digest('hex')}`
    files.set(node, content)
    return content
  }

  return JSON.stringify(describe(survivor))
}

/** Notes that a write is over. */
export function noteWritten(file: FileNode, bytes: Buffer, position: number): void {
  if (position + bytes.length > file.written.length) noteLength(file, position + bytes.length)
  bytes.copy(file.written, position)
}

/** Notes how long the file is. */
export function noteLength(file: FileNode, length: number): void {
  const bytes = Buffer.alloc(length)
  file.written.copy(bytes)
  file.written = bytes
}

/** What the file holds at present. */
function contentOf(fd: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(fd).size)
  const count = readSync(fd, bytes, 0, bytes.length, 0)

  return bytes.subarray(0, count)
}

export function isDirectory(node: Node): node is DirectoryNode {
  return 'live' in node
}

function namesAfter({ live, stable }: DirectoryNode, { names: fate }: Loss): Map<string, Node> {
  if (fate === 'lost') return stable
  if (fate === 'kept') return live

  const names = new Map<string, Node>()
  for (const name of new Set([...stable.keys(), ...live.keys()])) {
    const node = (fate() ? live : stable).get(name)
    if (node !== undefined) names.set(name, node)
  }
  return names
}

function contentAfter(file: FileNode, { contents }: Loss): Buffer {
  const fate = typeof contents === 'function' ? toss(contents) : contents
  if (fate === 'lost') return file.stable

  const live = contentOf(file.fd)
  if (fate === 'kept' || live.equals(file.stable)) return live
  const kept = file.stable.subarray(0, live.length)
  const rest = live.subarray(kept.length)
  if (fate === 'torn') return Buffer.concat([kept, rest.subarray(0, Math.floor(rest.length / 2))])
  return Buffer.concat([kept, Buffer.alloc(rest.length)])
}

function toss(chance: Chance): 'lost' | 'kept' | 'zeros' | 'torn' {
  if (chance()) return chance() ? 'lost' : 'kept'
  return chance() ? 'zeros' : 'torn'
}

/** Heads or tails, the same ones every time. */
function coin(seed: number): Chance {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 31 === 1
  }
}
