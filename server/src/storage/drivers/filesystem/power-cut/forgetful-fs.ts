import { closeSync, openSync } from 'node:fs'
import { basename, dirname, relative, sep } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type FileSystem, nodeFileSystem, type OpenFile } from '../fs.ts'
import { hasCode } from '../fs-errors.ts'
import {
  type DirectoryNode,
  type FileNode,
  isDirectory,
  type Node,
  newDirectory,
  newFile,
  noteLength,
  noteWritten,
} from './survivors.ts'

export interface ForgetfulFileSystem {
  fs: FileSystem
  /** The directory it was opened on, which exists and is durable itself. */
  root: DirectoryNode
  close(): void
}

export interface ForgetfulOptions {
  /** Called after every operation that may have changed what a power cut leaves. */
  onStep(): void
  /** Syncs of which the disk takes no notice, to prove that a missing one would be found. */
  ignores?(kind: 'file' | 'directory', path: string): boolean
}

/**
 * The real filesystem below `base`, with a record of which contents and which directory entries have been
 * synced. A sync counts for what was there when it began: whatever came in while it ran, and a write that was under
 * way by then, has to wait for the next one.
 */
export function createForgetfulFileSystem(base: string, options: ForgetfulOptions): ForgetfulFileSystem {
  const root = newDirectory()
  const readers: number[] = []

  function isOutside(path: string): boolean {
    return relative(base, path).startsWith('..')
  }

  function find(path: string): Node {
    const names = relative(base, path).split(sep).filter(Boolean)
    return names.reduce<Node>((node, name) => {
      const next = isDirectory(node) ? node.live.get(name) : undefined
      if (next === undefined) throw new Error(`${path} was made by somebody else`)
      return next
    }, root)
  }

  function entriesAround(path: string): Map<string, Node> {
    const parent = find(dirname(path))
    if (!isDirectory(parent)) throw new Error(`${dirname(path)} is no directory`)
    return parent.live
  }

  function knownEntriesAround(path: string): Map<string, Node> | undefined {
    try {
      return entriesAround(path)
    } catch {
      return undefined
    }
  }

  function addFile(path: string): void {
    const fd = openSync(path, 'r')
    readers.push(fd)
    entriesAround(path).set(basename(path), newFile(fd))
  }

  async function step<T>(operation: Promise<T>, record: () => void): Promise<T> {
    const result = await operation
    record()
    options.onStep()
    return result
  }

  const fs: FileSystem = {
    ...nodeFileSystem,
    async open(path, flags, mode) {
      const file = await nodeFileSystem.open(path, flags, mode)
      // What is around it was there before, and stays.
      if (isOutside(path)) return file
      if (flags === 'wx') addFile(path)
      options.onStep()
      return forgetfulFile(file, find(path), path, options)
    },
    async mkdir(path, mode) {
      // Noted before it is made: whoever is told that it exists uses it at once. Where there is no parent
      // to note it in, making it fails.
      const entries = knownEntriesAround(path)
      const isNew = entries !== undefined && !entries.has(basename(path))
      if (isNew) entries.set(basename(path), newDirectory())
      try {
        await nodeFileSystem.mkdir(path, mode)
      } catch (error) {
        if (isNew && !hasCode(error, 'EEXIST')) entries.delete(basename(path))
        throw error
      }
      options.onStep()
    },
    link: (from, to) =>
      step(nodeFileSystem.link(from, to), () => entriesAround(to).set(basename(to), find(from))),
    unlink: (path) => step(nodeFileSystem.unlink(path), () => entriesAround(path).delete(basename(path))),
    rmdir: (path) => step(nodeFileSystem.rmdir(path), () => entriesAround(path).delete(basename(path))),
    copyFile: (from, to, mode) => step(nodeFileSystem.copyFile(from, to, mode), () => addFile(to)),
  }

  return { fs, root, close: () => readers.forEach(closeSync) }
}

function forgetfulFile(file: OpenFile, node: Node, path: string, options: ForgetfulOptions): OpenFile {
  /** The real disk is not asked: nothing of it is ever lost here. */
  async function sync(): Promise<void> {
    const settle = isDirectory(node) ? captureEntries(node) : captureContent(node)
    // It takes its time, and others go on meanwhile.
    await setImmediate()
    if (!options.ignores?.(isDirectory(node) ? 'directory' : 'file', path)) settle()
    options.onStep()
  }

  return {
    stat: () => file.stat(),
    read: (...args) => file.read(...args),
    close: () => file.close(),
    async writev(buffers, position) {
      const result = await file.writev(buffers, position)
      if (!isDirectory(node)) {
        noteWritten(node, Buffer.concat(buffers).subarray(0, result.bytesWritten), position)
      }
      options.onStep()
      return result
    },
    async truncate(length) {
      await file.truncate(length)
      if (!isDirectory(node)) noteLength(node, length)
      options.onStep()
    },
    datasync: sync,
    sync,
  }
}

function captureEntries(node: DirectoryNode): () => void {
  const entries = new Map(node.live)

  return onlyForward(node, () => {
    node.stable = entries
  })
}

function captureContent(node: FileNode): () => void {
  const bytes = Buffer.from(node.written)

  return onlyForward(node, () => {
    node.stable = bytes
  })
}

/** Two syncs may overlap; the one that began later knows more, whichever ends first. */
function onlyForward(node: Node, settle: () => void): () => void {
  node.syncsBegun += 1
  const mine = node.syncsBegun

  return () => {
    if (mine < node.lastSync) return
    node.lastSync = mine
    settle()
  }
}
