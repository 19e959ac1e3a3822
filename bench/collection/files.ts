import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { workerData } from 'node:worker_threads'
import { BLOBS, BYTES, hexOf } from './content.ts'

/** In a thread beside the statements: a directory and a file for each blob. */
const { root, count } = workerData as { root: string; count: number }
for (let n = 0; n < 256; n += 1) {
  mkdirSync(path.join(root, BLOBS, n.toString(16).padStart(2, '0')), { recursive: true })
}
for (let n = 1; n <= count; n += 1) {
  const hex = hexOf(n)
  const directory = path.join(root, BLOBS, hex.slice(0, 2), hex)
  mkdirSync(directory)
  writeFileSync(path.join(directory, 'data'), BYTES)
}
