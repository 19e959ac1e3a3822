const HIDDEN = new Set(['level', 'time', 'msg', 'err'])

/** One entry of the JSON log as a line for people: time, level, message, then what else it has. */
export function textLine(json: string): string {
  const entry = JSON.parse(json) as Record<string, unknown>
  const error = entry.err as { stack?: string; message?: string } | undefined
  const rest = Object.entries(entry)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const head = [String(entry.time), String(entry.level).padEnd(5), String(entry.msg ?? ''), ...rest].join(' ')

  return error === undefined ? `${head}\n` : `${head}\n${error.stack ?? error.message ?? ''}\n`
}
