import type { Socket } from 'node:net'

const STATUSES: Record<string, [status: number, reason: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'Payload Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
}

/**
 * Answers what is no HTTP request at all, before any route is known: an error list that reads the same in
 * Harbor's form and in that of the distribution specification. Then the connection ends.
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, reason] = STATUSES[error.code ?? ''] ?? [400, 'Bad Request']
  const code = status === 431 || status === 413 ? 'SIZE_INVALID' : 'UNSUPPORTED'
  const body = JSON.stringify({ errors: [{ code, message: `malformed request: ${reason}` }] })
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
