import { type Manner, pushImages, type SmallImage } from '../load/images.ts'
import type { Access } from '../peers/peer.ts'
import type { Sizes, Subject, Workload } from '../workload.ts'
import { runWrk, type WrkRequest } from './wrk.ts'

const MANY = 100
/** Before the first round: a server is measured as it runs for months, not as it starts. */
const WARM_PUSHES = 1000
const ACCEPT = 'application/vnd.oci.image.manifest.v1+json'

type Spread = 'one repository' | '100 repositories'

/** Whole images of a configuration and a layer of 10 KB, into and out of one repository and a hundred. */
export function images(sizes: Sizes): Workload[] {
  const spreads: Spread[] = ['one repository', '100 repositories']
  const pushes = spreads.flatMap((spread) => [
    ...[1, 32, 200].map((clients) => push(sizes, spread, clients, 'plain')),
    ...(sizes.whole || spread === 'one repository' ? [push(sizes, spread, 32, 'careful')] : []),
  ])
  return [...pushes, ...spreads.flatMap((spread) => pulls(sizes, spread))]
}

function push(sizes: Sizes, spread: Spread, clients: number, manner: Manner): Workload {
  const warm = new Set<string>()
  const count = Math.max(clients * 2, clients === 1 ? 40 : 400) * (sizes.whole ? 3 : 1)
  return {
    prepare: async (subject) => {
      if (clients !== 32 || warm.has(subject.peer.name)) return
      warm.add(subject.peer.name)
      await pushImages(subject.running.url, await openAll(subject, spread), {
        clients,
        pushes: WARM_PUSHES,
        manner,
      })
    },
    measure: async (subject) => {
      const accesses = await openAll(subject, spread)
      const { perSecond } = await pushImages(subject.running.url, accesses, {
        clients,
        pushes: count,
        manner,
      })
      const how = manner === 'careful' ? ' (HEAD, POST, PATCH, PUT)' : ''
      const what = `small image push${how}, ${spread}, ${clients} clients`
      return [{ what, unit: 'images/s', more: true, value: perSecond }]
    },
  }
}

/** A pull is three requests: manifest by tag, configuration, layer. wrk sends them in this order, over all its connections. */
function pulls(sizes: Sizes, spread: Spread): Workload[] {
  const there = new Map<string, SmallImage[]>()
  return [1, 32, 200].map((clients) => ({
    prepare: async (subject) => {
      if (there.has(subject.peer.name)) return
      const options = { clients: 8, pushes: MANY }
      const pushed = await pushImages(subject.running.url, await openAll(subject, spread), options)
      there.set(subject.peer.name, pushed.images)
    },
    measure: async (subject) => {
      const accesses = await openAll(subject, spread)
      const requests = (there.get(subject.peer.name) ?? []).flatMap((image, at) =>
        requestsOf(accesses[at % accesses.length] as Access, image),
      )
      const { perSecond } = await runWrk(subject.running.url, requests, { ...sizes, connections: clients })
      const what = `small image pull, ${spread}, ${clients} clients`
      return [{ what, unit: 'images/s', more: true, value: perSecond / 3 }]
    },
  }))
}

function requestsOf({ repository, headers }: Access, image: SmallImage): WrkRequest[] {
  return [
    { path: `/v2/${repository}/manifests/${image.tag}`, headers: { ...headers, Accept: ACCEPT } },
    ...image.parts.map(({ digest }) => ({ path: `/v2/${repository}/blobs/${digest}`, headers })),
  ]
}

async function openAll({ running }: Subject, spread: Spread): Promise<Access[]> {
  if (spread === 'one repository') return [await running.open('images')]
  return Promise.all(Array.from({ length: MANY }, (_, at) => running.open(`images-${at}`)))
}
