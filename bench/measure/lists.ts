import { openConnection } from '../load/connection.ts'
import { expect, headerLines, makeImage, pushImage } from '../load/images.ts'
import type { Access } from '../peers/peer.ts'
import type { Sizes, Subject, Workload } from '../workload.ts'
import { runWrk } from './wrk.ts'

const TAGS = 'tags'
const CLIENTS = 16
const PAGE = 100

/** The first and a middle page of a repository with many tags, and of a catalog of many repositories. */
export function lists(sizes: Sizes): Workload[] {
  const middle = Math.floor(sizes.listed / 2)
  const filled = new Set<string>()

  async function prepare(subject: Subject): Promise<void> {
    if (filled.has(subject.peer.name)) return
    filled.add(subject.peer.name)
    await fillTags(subject, sizes.listed)
    await fillRepositories(subject, sizes.listed)
  }

  const pages: [
    what: string,
    ask: (subject: Subject) => Promise<{ path: string; headers: Access['headers'] }>,
  ][] = [
    [`first ${PAGE} of ${sizes.listed} tags`, (subject) => tagsAfter(subject, '')],
    [
      `${PAGE} of ${sizes.listed} tags from the middle`,
      (subject) => tagsAfter(subject, `&last=${tagName(middle)}`),
    ],
    [`first ${PAGE} of ${sizes.listed} repositories`, (subject) => catalogAfter(subject, '')],
    [
      `${PAGE} of ${sizes.listed} repositories from the middle`,
      (subject) => catalogAfter(subject, `&last=bench/${repositoryName(middle)}`),
    ],
  ]
  return pages.map(([what, ask]) => ({
    prepare,
    measure: async (subject) => {
      const { perSecond } = await runWrk(subject.running.url, [await ask(subject)], {
        ...sizes,
        connections: 1,
      })
      return [{ what, unit: 'ms', more: false, value: 1000 / perSecond }]
    },
  }))
}

async function tagsAfter({ running }: Subject, rest: string) {
  const { repository, headers } = await running.open(TAGS)
  return { path: `/v2/${repository}/tags/list?n=${PAGE}${rest}`, headers }
}

async function catalogAfter({ running }: Subject, rest: string) {
  return { path: `/v2/_catalog?n=${PAGE}${rest}`, headers: await running.openCatalog() }
}

const numbered = (at: number) => String(at).padStart(6, '0')
const tagName = (at: number) => `v-${numbered(at)}`
const repositoryName = (at: number) => `many-${numbered(at)}`

/** One image under ever new annotations: each tag has a manifest of its own. */
async function fillTags({ running }: Subject, count: number): Promise<void> {
  const access = await running.open(TAGS)
  const image = makeImage('first')
  await eachOf(running.url, 1, (connection) => pushImage(connection, access, image))
  const fields = JSON.parse(image.manifest.toString('utf8')) as object
  const { mediaType } = fields as { mediaType: string }
  await eachOf(running.url, count, async (connection, at) => {
    const bytes = Buffer.from(JSON.stringify({ ...fields, annotations: { at: String(at) } }))
    const head = `PUT /v2/${access.repository}/manifests/${tagName(at)} HTTP/1.1\r\n${headerLines(access.headers)}`
    const reply = await connection.ask(
      `${head}Content-Type: ${mediaType}\r\nContent-Length: ${bytes.length}\r\n\r\n`,
      bytes,
    )
    expect(reply, 201, 'a manifest')
  })
}

async function fillRepositories({ running }: Subject, count: number): Promise<void> {
  await eachOf(running.url, count, async (connection, at) => {
    await pushImage(connection, await running.open(repositoryName(at)), makeImage('first'))
  })
}

async function eachOf(
  url: string,
  count: number,
  turn: (connection: ReturnType<typeof openConnection>, at: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(CLIENTS, count) }, async () => {
      const connection = openConnection(url)
      for (let at = next++; at < count; at = next++) await turn(connection, at)
      connection.close()
    }),
  )
}
