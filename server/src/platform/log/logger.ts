import { type DestinationStream, destination, type Logger, pino } from 'pino'
import type { Config } from '../../config/schema.ts'
import { textLine } from './text-line.ts'

/** Names under which a secret might slip into an entry; their values are replaced. */
const REDACTED = ['password', 'secret', 'token', 'authorization', 'cookie'].flatMap((name) => [
  name,
  `*.${name}`,
])

/**
 * The program's logger on standard output, or standard error for commands whose output is their result.
 * Entries also go into `more`, as JSON; each has what is in `base`, and what `mixin` answers at that moment. It writes synchronously: the last
 * words of a process that dies are the ones that matter.
 */
export function createLogger(
  config: Pick<Config, 'log'>,
  output: 'stdout' | 'stderr',
  more: readonly DestinationStream[] = [],
  { base = {}, mixin }: { base?: object; mixin?: (() => object) | undefined } = {},
): Logger {
  const { format, level } = config.log
  const stream = process[output]
  const text = format === 'text' || (format === 'auto' && stream.isTTY)
  const first = text ? textStream(stream) : destination({ fd: output === 'stdout' ? 1 : 2, sync: true })

  return pino(
    {
      level,
      base: Object.keys(base).length === 0 ? null : base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '***' },
      ...(mixin && { mixin }),
    },
    more.length === 0 ? first : everywhere([first, ...more]),
  )
}

function everywhere(streams: readonly DestinationStream[]): DestinationStream {
  return {
    write(line) {
      for (const stream of streams) stream.write(line)
    },
  }
}

function textStream(stream: NodeJS.WriteStream): DestinationStream {
  return {
    write(line) {
      stream.write(textLine(line))
    },
  }
}
