import type { Group } from './types.ts'

/** Where requests come in, and what clients may make us wait for. */
export const listenSchema = {
  address: {
    type: 'text',
    default: '0.0.0.0',
    description: 'Address to listen on. `127.0.0.1` where a reverse proxy runs on the same machine.',
  },
  port: {
    type: 'integer',
    default: 8080,
    minimum: 0,
    maximum: 65535,
    description: 'TCP port to listen on; `0` takes any free one, which the log line `ready` names.',
  },
  max_connections: {
    type: 'integer',
    default: 10000,
    minimum: 1,
    maximum: 1000000,
    description:
      'Most connections of clients that a process has at once, idle ones among them; more are closed as they come. Each takes a file descriptor, a transfer two.',
  },
  header_timeout_seconds: {
    type: 'integer',
    default: 60,
    minimum: 1,
    maximum: 3600,
    description:
      'How long a client may take to send the head of a request; then the connection ends with 408.',
  },
  silence_timeout_seconds: {
    type: 'integer',
    default: 300,
    minimum: 1,
    maximum: 86400,
    description:
      'How long nothing at all may come or go on a connection in the middle of a request. How long a whole request takes is not limited. A client that takes an answer drop by drop seems silent for a while, because the system holds some megabytes of it.',
  },
  keep_alive_seconds: {
    type: 'integer',
    default: 75,
    minimum: 1,
    maximum: 3600,
    description:
      'How long an idle connection is kept for the next request. Longer than a reverse proxy in front keeps it, so that the proxy closes it and not we.',
  },
  minimum_rate: {
    type: 'integer',
    default: 512,
    minimum: 0,
    maximum: 1000000000,
    description:
      'Bytes a second that a client must at least send of a body while we wait for it: measured over `minimum_rate_seconds`. Who is slower is cut off with 408; what had come of an upload is kept. `0`: none.',
  },
  minimum_rate_seconds: {
    type: 'integer',
    default: 60,
    minimum: 1,
    maximum: 3600,
    description: 'Over how long `minimum_rate` is measured.',
  },
} as const satisfies Group
