import type { Errors } from '@portolan/api/errors'

/** A call that the server answered with an error. `message` is the server's own, meant to be shown. */
class ApiError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
  }
}

/**
 * GET below `/api/v2.0`.
 * @throws {ApiError} what the server answered; a `TypeError` where it could not be reached.
 */
export async function getJson<T>(path: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(`/api/v2.0${path}`, { headers: { accept: 'application/json' }, signal })
  if (!response.ok) throw await readError(response)

  return (await response.json()) as T
}

async function readError(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => undefined)) as Partial<Errors> | undefined
  const first = body?.errors?.[0]

  return new ApiError(response.status, first?.code ?? 'UNKNOWN', first?.message ?? response.statusText)
}
