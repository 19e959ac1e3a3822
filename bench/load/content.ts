import { randomBytes } from 'node:crypto'
import { sha256 } from './images.ts'

/** Content of any size that nobody has ever pushed, though nearly all of its bytes are shared by all of that size. */
export interface Content {
  parts: readonly Buffer[]
  bytes: number
  digest: string
}

const FRESH_BYTES = 64
const PIECE_BYTES = 1024 * 1024
const piece = randomBytes(PIECE_BYTES)

export function makeContent(bytes: number): Content {
  const fresh = randomBytes(Math.min(FRESH_BYTES, bytes))
  const parts = [fresh]
  for (let left = bytes - fresh.length; left > 0; left -= PIECE_BYTES)
    parts.push(piece.subarray(0, Math.min(PIECE_BYTES, left)))
  return { parts, bytes, digest: sha256(...parts) }
}
