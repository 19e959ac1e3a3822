import { DomainError } from '../../platform/errors.ts'

/** A file by its path, with forward slashes. */
export interface FileEntry {
  path: string
  size: number
}

/** A file, or a folder with what is in it. */
export interface FileNode {
  name: string
  type: 'file' | 'directory'
  size?: number
  children?: FileNode[]
}

interface Folder {
  folders: Map<string, Folder>
  files: Map<string, number>
}

// Deeper folders than anybody has; a path is data that came from outside.
const MAX_DEPTH = 64
// Each takes memory, and a deep path is a hundred bytes of a manifest for sixty of them.
const MAX_FOLDERS = 20_000

/** Files as a tree: folders before files, each by name. A path that leads out of the tree is left out. */
export function fileTree(files: readonly FileEntry[]): FileNode[] {
  const root = emptyFolder()
  let folders = 0
  for (const { path, size } of files) {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    const name = parts.pop()
    if (name === undefined || parts.length > MAX_DEPTH || [...parts, name].includes('..')) continue
    const { folder, made } = folderAt(root, parts)
    folders += made
    if (folders > MAX_FOLDERS)
      throw new DomainError('too-large', `the files are in more than ${MAX_FOLDERS} folders`)
    folder.files.set(name, size)
  }
  return toNodes(root)
}

function folderAt(root: Folder, parts: readonly string[]): { folder: Folder; made: number } {
  let folder = root
  let made = 0
  for (const part of parts) {
    const found = folder.folders.get(part)
    const next = found ?? emptyFolder()
    if (!found) {
      folder.folders.set(part, next)
      made += 1
    }
    folder = next
  }
  return { folder, made }
}

function toNodes(folder: Folder): FileNode[] {
  const folders = [...folder.folders].map(
    ([name, inner]): FileNode => ({ name, type: 'directory', children: toNodes(inner) }),
  )
  const files = [...folder.files].map(([name, size]): FileNode => ({ name, type: 'file', size }))

  return [...folders.sort(byName), ...files.sort(byName)]
}

function byName(a: FileNode, b: FileNode): number {
  return a.name < b.name ? -1 : 1
}

function emptyFolder(): Folder {
  return { folders: new Map(), files: new Map() }
}
