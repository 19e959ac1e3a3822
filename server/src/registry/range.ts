import type { ByteRange } from '../storage/driver.ts'

/** What a Range header asks for (RFC 9110, section 14). */
export type RangeAnswer = { kind: 'whole' } | { kind: 'part'; range: ByteRange } | { kind: 'unsatisfiable' }

/**
 * Reads a Range header against a size in bytes. Anything but one range of bytes is
 * ignored, as section 14.2 allows: the whole is sent.
 */
export function readRange(header: string | undefined, size: number): RangeAnswer {
  const match = /^bytes=(\d*)-(\d*)$/i.exec((header ?? '').trim())
  if (!match || (match[1] === '' && match[2] === '')) return { kind: 'whole' }

  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size)
    return length === 0
      ? { kind: 'unsatisfiable' }
      : { kind: 'part', range: { start: size - length, end: size - 1 } }
  }

  const start = Number(match[1])
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  return start >= size || end < start ? { kind: 'unsatisfiable' } : { kind: 'part', range: { start, end } }
}

/** Whether an If-None-Match header names the entity tag (RFC 9110, section 13.1.2; weak comparison). */
export function matchesEntityTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true

  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === tag)
}
