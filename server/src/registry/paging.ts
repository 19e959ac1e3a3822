import { OciError } from '../oci/errors.ts'

/** Most entries of one answer; a client that wants more follows the Link header. */
export const MAX_PAGE = 10_000

/**
 * Reads `n`: undefined where the client sent none.
 *
 * @throws {OciError} UNSUPPORTED unless it is a whole number of at least 0: the specification has no code for it.
 */
export function readPageSize(query: URLSearchParams): number | undefined {
  const text = query.get('n')
  if (text === null || text === '') return undefined
  if (!/^\d{1,9}$/.test(text)) {
    throw new OciError('UNSUPPORTED', {
      status: 400,
      message: 'n must be a whole number',
      detail: { n: text },
    })
  }

  return Number(text)
}

/** A Link header to the next page (RFC 5988); parameters in alphabetical order, as Go clients expect to see. */
export function nextLink(path: string, parameters: Record<string, string>): string {
  return `<${path}?${new URLSearchParams(parameters)}>; rel="next"`
}
