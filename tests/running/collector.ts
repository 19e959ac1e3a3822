import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A span as a collector gets it. */
export interface CollectedSpan {
  traceId: string
  spanId: string
  /** Empty for the first of a trace. */
  parentId: string
  name: string
  kind: number
  /** Nanoseconds since 1970. */
  start: bigint
  end: bigint
  attributes: Record<string, string | bigint>
  /** Ids of spans that it is linked to. */
  links: { traceId: string; spanId: string }[]
  failed: boolean
}

export interface Collector {
  url: string
  spans: CollectedSpan[]
  /** What was sent, byte by byte, as text: to look for what must not be in it. */
  raw(): string
  resource: Record<string, string | bigint>
  headers: Record<string, unknown>[]
  close(): Promise<void>
}

/** Takes traces by OTLP over HTTP, in its binary form. `answer` says what a request gets; undefined: never anything. */
export async function startCollector(answer: () => number | undefined = () => 200): Promise<Collector> {
  const bodies: Buffer[] = []
  const spans: CollectedSpan[] = []
  const headers: Record<string, unknown>[] = []
  const resource: Collector['resource'] = {}
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const status = answer()
    if (status === undefined) return
    if (status === 200 && request.url === '/v1/traces') {
      const body = Buffer.concat(pieces)
      bodies.push(body)
      headers.push(request.headers)
      for (const { 1: about, 2: scopes = [] } of messages(fields(body)[1])) {
        Object.assign(resource, attributesOf(messages(about)[0]?.[1]))
        for (const scope of messages(scopes)) spans.push(...messages(scope[2]).map(toSpan))
      }
    }
    response.writeHead(status, { 'Content-Type': 'application/x-protobuf' }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    raw: () => Buffer.concat(bodies).toString('latin1'),
    resource,
    headers,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

type Value = Buffer | bigint
/** Values by their field number (opentelemetry/proto/trace/v1/trace.proto). */
type Fields = Record<number, Value[]>

function toSpan(span: Fields): CollectedSpan {
  const text = (number: number, encoding: BufferEncoding) => textOf(span, number, encoding)
  return {
    traceId: text(1, 'hex'),
    spanId: text(2, 'hex'),
    parentId: text(4, 'hex'),
    name: text(5, 'utf8'),
    kind: Number(span[6]?.[0] ?? 0),
    start: (span[7]?.[0] ?? 0n) as bigint,
    end: (span[8]?.[0] ?? 0n) as bigint,
    attributes: attributesOf(span[9]),
    links: messages(span[13]).map((link) => ({
      traceId: textOf(link, 1, 'hex'),
      spanId: textOf(link, 2, 'hex'),
    })),
    failed: messages(span[15]).some((status) => status[3]?.[0] === 2n),
  }
}

function textOf(of: Fields, number: number, encoding: BufferEncoding): string {
  return (of[number]?.[0] as Buffer | undefined)?.toString(encoding) ?? ''
}

function attributesOf(pairs: Value[] | undefined): Record<string, string | bigint> {
  return Object.fromEntries(
    messages(pairs).map(({ 1: key, 2: value }) => {
      const { 1: text, 2: flag, 3: whole } = messages(value)[0] ?? {}
      return [String(key?.[0]), text ? String(text[0]) : ((whole ?? flag)?.[0] as bigint)]
    }),
  )
}

function messages(values: Value[] | undefined): Fields[] {
  return (values ?? []).map((value) => fields(value as Buffer))
}

/** The wire format: a tag of number and kind, then a varint, 8 bytes, so many bytes, or 4 bytes. */
function fields(bytes: Buffer): Fields {
  const found: Fields = {}
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at]
      if (byte === undefined) throw new Error('a varint has no end')
      at += 1
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number): Buffer => {
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const kind = tag & 7
    const value =
      kind === 0 ? varint() : kind === 1 ? take(8).readBigUInt64LE() : take(kind === 5 ? 4 : Number(varint()))
    found[tag >> 3] = [...(found[tag >> 3] ?? []), value]
  }
  return found
}
