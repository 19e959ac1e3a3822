import { pullBlob, pushBlob, timed, type Way } from '../load/blobs.ts'
import { type Content, makeContent } from '../load/content.ts'
import type { Measured, Sizes, Subject, Workload } from '../workload.ts'
import { difference, processorTime, total } from './processor.ts'
import { runWrk } from './wrk.ts'

const REPOSITORY = 'blobs'
const KIB = 1024
const MIB = 1024 * 1024
const RECEIVE_BYTES = MIB

/** Blobs of 1 KiB, 10 MiB and the largest, one after the other and 16 at once, up in three ways and down. */
export function blobs(sizes: Sizes): Workload[] {
  const large = sizes.mebibytes
  const pushes: [bytes: number, name: string, count: number, atOnce: number, ways: Way[]][] = [
    [KIB, '1 KiB', 50, 1, ['monolithic']],
    [KIB, '1 KiB', 300, 16, ['monolithic']],
    [10 * MIB, '10 MiB', 5, 1, ['monolithic', 'streamed', 'chunked']],
    [10 * MIB, '10 MiB', 16, 16, sizes.whole ? ['monolithic', 'streamed', 'chunked'] : ['streamed']],
    [large * MIB, `${large} MiB`, 1, 1, ['monolithic', 'streamed', 'chunked']],
    [large * MIB, `${large} MiB`, 16, 16, sizes.whole ? ['monolithic', 'streamed', 'chunked'] : []],
  ]
  return [
    ...pushes.flatMap(([bytes, name, count, atOnce, ways]) =>
      ways.map((way) => push({ bytes, name, count, atOnce, way })),
    ),
    ...smallPulls(sizes),
    ...largePulls(sizes),
  ]
}

/** Bytes and blobs of a workload as it stands in the table. */
export const label = (direction: string, name: string, atOnce: number, way?: string) =>
  [`blob ${direction}`, name, atOnce === 1 ? 'alone' : `${atOnce} at once`, way].filter(Boolean).join(', ')

interface Push {
  bytes: number
  name: string
  count: number
  atOnce: number
  way: Way
}

/** Of what one round puts into each registry, more is not done again. */
const MOST_BYTES = 4096 * MIB

function push({ bytes, name, count, atOnce, way }: Push): Workload {
  return {
    ...(bytes * count > MOST_BYTES && { mostRounds: 1 }),
    measure: async ({ running }) => {
      const access = await running.open(REPOSITORY)
      // What a hash of ours costs is not the server's.
      const contents = Array.from({ length: count }, () => makeContent(bytes))
      const before = await processorTime(running.pid)
      const seconds = await timed(running.url, contents, atOnce, (connection, content) =>
        pushBlob(connection, access, content, way),
      )
      const spent = total(difference(await processorTime(running.pid), before))
      const what = label('push', name, atOnce, way)
      return rateAndCost({ what, count, bytes, seconds, spent })
    },
  }
}

function smallPulls(sizes: Sizes): Workload[] {
  const content = makeContent(KIB)
  return [1, 16].map((connections) => ({
    prepare: (subject) => put(subject, content),
    measure: async ({ running }) => {
      const { repository, headers } = await running.open(REPOSITORY)
      const { perSecond } = await runWrk(
        running.url,
        [{ path: `/v2/${repository}/blobs/${content.digest}`, headers }],
        { ...sizes, connections },
      )
      const what = label('pull', '1 KiB', connections)
      return [{ what, unit: 'blobs/s', more: true, value: perSecond }]
    },
  }))
}

function largePulls(sizes: Sizes): Workload[] {
  return [10, sizes.mebibytes].flatMap((mebibytes) => {
    const content = makeContent(mebibytes * MIB)
    return [1, 16].map((atOnce) => {
      const count = mebibytes === 10 ? Math.max(10, atOnce * 2) : atOnce
      return {
        prepare: (subject: Subject) => put(subject, content),
        measure: async ({ running }: Subject) => {
          const access = await running.open(REPOSITORY)
          const digests = Array.from({ length: count }, () => content.digest)
          const before = await processorTime(running.pid)
          const turn = (connection: Parameters<typeof pullBlob>[0], digest: string) =>
            pullBlob(connection, access, digest)
          const seconds = await timed(running.url, digests, atOnce, turn, RECEIVE_BYTES)
          const spent = total(difference(await processorTime(running.pid), before))
          const what = label('pull', `${mebibytes} MiB`, atOnce)
          return rateAndCost({ what, count, bytes: content.bytes, seconds, spent })
        },
      }
    })
  })
}

interface Outcome {
  what: string
  count: number
  bytes: number
  seconds: number
  /** Processor seconds of the server. */
  spent: number
}

/** Small blobs count by number, large ones by bytes; for those it is said what they cost. */
function rateAndCost({ what, count, bytes, seconds, spent }: Outcome): Measured[] {
  if (bytes <= KIB) return [{ what, unit: 'blobs/s', more: true, value: count / seconds }]
  const gigabytes = (count * bytes) / 1e9
  const rate = { what, unit: 'MB/s', more: true, value: (gigabytes * 1000) / seconds }
  // Ticks of ten milliseconds say nothing about less.
  if (gigabytes < 0.1) return [rate]
  return [rate, { what: `${what}, processor`, unit: 's/GB', more: false, value: spent / gigabytes }]
}

async function put({ running }: Subject, content: Content): Promise<void> {
  const access = await running.open(REPOSITORY)
  await timed(running.url, [content], 1, (connection, each) =>
    pushBlob(connection, access, each, 'monolithic'),
  )
}
