/** One message before it is written out. */
export interface SyslogMessage {
  facility: number
  severity: number
  time: Date
  host: string
  app: string
  process: number
  /** The kind of message. */
  id: string
  text: string
}

export const FACILITY = { daemon: 3, audit: 13 } as const
export const SEVERITY = { critical: 2, error: 3, warning: 4, info: 6, debug: 7 } as const

/** The message as RFC 5424 wants it, on one line, at most `most` bytes long. */
export function formatMessage(message: SyslogMessage, most: number): Buffer {
  const { facility, severity, time, host, app, process, id, text } = message
  const head = [
    `<${facility * 8 + severity}>1`,
    time.toISOString(),
    word(host, 255),
    word(app, 48),
    process,
    word(id, 32),
    '-',
  ].join(' ')

  return cut(Buffer.from(`${head} ${text.replace(/[\r\n]+/g, ' ')}`), most)
}

/** Octet counting (RFC 6587, RFC 5425): the length, a space, the message. */
export function frame(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}

/** Fields of the head are printable ASCII without spaces. */
function word(text: string, most: number): string {
  return text.replace(/[^\x21-\x7e]/g, '_').slice(0, most) || '-'
}

/** Never within a character. */
function cut(bytes: Buffer, most: number): Buffer {
  if (bytes.length <= most) return bytes
  let end = most
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1

  return bytes.subarray(0, end)
}
