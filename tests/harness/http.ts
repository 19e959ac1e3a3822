import http from 'node:http'
import https from 'node:https'

export interface Call {
  method?: string
  /** Path and query exactly as they go over the wire; nothing is normalised. */
  path: string
  headers?: http.OutgoingHttpHeaders
  /** A string or buffer is sent with its length, anything else in chunks of unknown total length. */
  body?: Buffer | string | AsyncIterable<Buffer>
}

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  body: Buffer
}

export interface SendOptions {
  agent?: http.Agent
  /** Certificates to trust, in PEM, for an https origin. */
  ca?: string
  /** Which of this machine's addresses to come from: all of 127.0.0.0/8 are the loopback interface's. */
  localAddress?: string
}

/** One HTTP request with full control over method, path, headers and body; no redirects, no decoding. */
export async function send(origin: string, call: Call, options: SendOptions = {}): Promise<Answer> {
  const url = new URL(origin)
  const client = url.protocol === 'https:' ? https : http
  const body = typeof call.body === 'string' ? Buffer.from(call.body) : call.body
  const request = client.request({
    host: url.hostname,
    port: url.port,
    method: call.method ?? 'GET',
    path: call.path,
    headers: { ...call.headers, ...bodyHeaders(body, call) },
    ...options,
  })
  const answer = receive(request)
  answer.catch(() => {
    // The caller gets this failure from the await below; a failing body must not make it unhandled.
  })
  if (Buffer.isBuffer(body) || body === undefined) {
    request.end(body)
  } else {
    for await (const chunk of body) {
      await write(request, chunk)
    }
    request.end()
  }
  return answer
}

/** The answer's body as JSON. */
export function json(answer: Answer): unknown {
  return JSON.parse(answer.body.toString('utf8'))
}

function bodyHeaders(body: Call['body'], call: Call): http.OutgoingHttpHeaders {
  const named = Object.keys(call.headers ?? {}).map((name) => name.toLowerCase())
  if (named.includes('content-length') || named.includes('transfer-encoding')) {
    return {}
  }
  if (body === undefined) {
    return ['POST', 'PUT', 'PATCH'].includes(call.method ?? 'GET') ? { 'Content-Length': 0 } : {}
  }
  return Buffer.isBuffer(body) ? { 'Content-Length': body.length } : { 'Transfer-Encoding': 'chunked' }
}

function receive(request: http.ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
  })
}

function write(request: http.ClientRequest, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    // Resolved on failure too: what went wrong is told by the answer or by the request's own error.
    request.write(chunk, () => resolve())
  })
}
