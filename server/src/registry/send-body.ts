import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** As text, bodies of up to so many bytes go out together with the headers, in one piece. */
const ONE_PIECE = 16 * 1024

/** Answers 200 with a body that is in memory. */
export function sendBody(response: ServerResponse, headers: OutgoingHttpHeaders, body: Buffer): void {
  response.writeHead(200, headers)
  if (body.length > ONE_PIECE) writeLast(response, body)
  else response.end(body.toString('latin1'), 'latin1')
}

/**
 * Writes the last bytes of an answer, and ends it once they have gone to the system. A server that stops closes connections whose
 * answers have ended, at once, and what a slow client had yet to take would be lost.
 */
export function writeLast(response: ServerResponse, bytes: Buffer): void {
  response.write(bytes, (error) => {
    if (!error) response.end()
  })
}
