import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect } from 'vitest'
import { digestOf } from '../harness/content.ts'
import { createProject } from '../harness/project.ts'
import { openRepository } from '../harness/repository.ts'
import type { JobSite } from './site.ts'
import { countLines, type Work } from './work.ts'

const ORPHANS = 20

/** Files that are gone, changed, unknown and not ours. What earlier rounds have left is known by now. */
export const scrub: Work = {
  kind: 'SCRUB',
  factory: 'scrub',
  async prepare(site, round) {
    const { name } = await createProject(site.web)
    const repository = openRepository(site.admin, `${name}/app`)
    const pushLayer = async (tag: string) => (await repository.pushImage(tag)).layers[0]?.digest ?? ''
    const [gone, changed] = [await pushLayer('gone'), await pushLayer('changed')]
    await rm(fileOf(site, gone))
    const bytes = await readFile(fileOf(site, changed))
    bytes[0] = (bytes[0] ?? 0) ^ 1
    await writeFile(fileOf(site, changed), bytes)
    const orphans = Array.from({ length: ORPHANS }, (_, at) => `orphan ${at} of round ${round}`)
    for (const text of orphans) await put(fileOf(site, digestOf(text)), text)
    const foreign = `note of round ${round}.txt`
    await rm(path.join(site.storage.path, `note of round ${round - 1}.txt`), { force: true })
    await put(path.join(site.storage.path, foreign), 'mine')
    expect((await site.send('POST', 'system/scrub', { rehash: true })).status).toBe(201)

    return async ({ attributes, log }) => {
      const found = { missing: 1, damaged: 1, orphans: ORPHANS, foreign: 1 }
      expect(attributes).toMatchObject({ ...found, healed: 0, restored: 0, leftovers: 0, undecided: 0 })
      for (const digest of [gone, changed]) expect(countLines(log, `blob ${digest} `), digest).toBe(1)
      for (const text of orphans) expect(countLines(log, keyOf(digestOf(text))), text).toBe(1)
      // Nothing is done about it, so it may be told of by each worker.
      expect(countLines(log, foreign)).toBeGreaterThan(0)
      const findings = `SELECT kind, count(*)::int AS count FROM scrub_findings WHERE state = 'open'
        AND (digest = ANY($1) OR key = $2) GROUP BY kind ORDER BY kind`
      expect(
        await site.ask(findings, [[gone, changed, ...orphans.map((text) => digestOf(text))], foreign]),
      ).toEqual([
        { kind: 'damaged', count: 1 },
        { kind: 'foreign', count: 1 },
        { kind: 'missing', count: 1 },
        { kind: 'orphan', count: ORPHANS },
      ])
      const told = `SELECT payload->>'reason' AS reason FROM told
        WHERE type = 'blob.lost' AND payload->>'digest' = ANY($1) ORDER BY 1`
      expect(await site.ask(told, [[gone, changed]])).toEqual([{ reason: 'damaged' }, { reason: 'missing' }])
    }
  },
}

const keyOf = (digest: string) => {
  const encoded = digest.slice('sha256:'.length)
  return `docker/registry/v2/blobs/sha256/${encoded.slice(0, 2)}/${encoded}/data`
}
const fileOf = (site: JobSite, digest: string) => path.join(site.storage.path, keyOf(digest))

async function put(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, text)
}
