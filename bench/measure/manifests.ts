import { headsPerSecond } from '../load/heads.ts'
import { pushImages } from '../load/images.ts'
import type { Access } from '../peers/peer.ts'
import type { Sizes, Subject, Workload } from '../workload.ts'
import { runWrk } from './wrk.ts'

const REPOSITORY = 'manifests'
const ACCEPT = 'application/vnd.oci.image.manifest.v1+json'

/** A server is measured as it runs for months, not as it starts: each registry is asked for so long first. */
const WARM_SECONDS = 8

/** GET and HEAD of one manifest, by tag and by digest, over so many kept connections. */
export function manifests(sizes: Sizes, who: 'anonymous' | 'with a token'): Workload[] {
  const images = new Map<string, { tag: string; digest: string }>()

  async function prepare({ peer, running }: Subject): Promise<void> {
    if (images.has(peer.name)) return
    const pushed = await pushImages(running.url, [await running.open(REPOSITORY)], { clients: 1, pushes: 1 })
    const [image] = pushed.images
    if (image === undefined) return
    images.set(peer.name, image)
    const { repository, headers } = await opened({ peer, running })
    const request = {
      path: `/v2/${repository}/manifests/${image.tag}`,
      headers: { ...headers, Accept: ACCEPT },
    }
    await runWrk(running.url, [request], { ...sizes, seconds: WARM_SECONDS, connections: 32 })
  }

  function opened({ running }: Subject): Promise<Access> {
    return who === 'anonymous' ? running.openAnonymously(REPOSITORY) : running.open(REPOSITORY)
  }

  return ['GET', 'HEAD'].flatMap((method) =>
    (['tag', 'digest'] as const).flatMap((by) =>
      [1, 32, 256]
        .filter((connections) => sizes.whole || connections === 32 || (method === 'GET' && by === 'tag'))
        .map((connections) => ({
          prepare,
          measure: async (subject) => {
            const { repository, headers } = await opened(subject)
            const reference = images.get(subject.peer.name)?.[by]
            const target = `/v2/${repository}/manifests/${reference}`
            const asked = { ...headers, Accept: ACCEPT }
            // wrk waits for the body that an answer to HEAD only tells of.
            const perSecond =
              method === 'HEAD'
                ? await headsPerSecond(subject.running.url, target, asked, { ...sizes, connections })
                : (
                    await runWrk(subject.running.url, [{ path: target, headers: asked }], {
                      ...sizes,
                      connections,
                    })
                  ).perSecond
            const what = `manifest ${method} by ${by}, ${connections} connections, ${who}`
            return [{ what, unit: 'requests/s', more: true, value: perSecond }]
          },
        })),
    ),
  )
}
