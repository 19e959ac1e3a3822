import { createHash } from 'node:crypto'
import type { Database } from '../../platform/db/database.ts'
import type { Findings, Report } from './model.ts'
import { type Named, readNamed } from './named.ts'
import {
  findChildren,
  findContradictions,
  findReferences,
  findStrayTags,
  type ManifestRow,
  pageArtifacts,
  pageBodies,
  pageTrashed,
  readPassing,
  readUsages,
} from './rows-store.ts'

const BODIES = 200
const ARTIFACTS = 500
const MOST_TOLD = 1_000

/** What the check of rows needs to know of the configuration. */
export interface RowsOptions {
  store: string
  /** Whether manifests may name blobs, and indexes manifests, that have not come. */
  sparseImages: boolean
  sparseIndex: boolean
}

type Told = Pick<Report, 'projects'> & {
  checked: Pick<Report['checked'], 'manifests' | 'artifacts' | 'trashed' | 'projects'>
  also: Pick<Report['also'], 'unreferenced' | 'deleting' | 'quarantined' | 'sparse'>
}

/** Whether rows agree with each other: on one state of the database (`withSnapshot`). */
export async function checkRows(tx: Database, options: RowsOptions, findings: Findings): Promise<Told> {
  const manifests = await checkBodies(tx, findings)
  const artifacts = await checkManifests(tx, options, findings, 'artifacts')
  const trash = await checkManifests(tx, options, findings, 'trash')
  for (const name of await findStrayTags(tx, MOST_TOLD)) findings.add('tag-astray', { detail: name })
  for (const { digest, size } of await findContradictions(tx, options.store, MOST_TOLD)) {
    findings.add('rows', { digest, size, detail: 'collected with bytes, or two objects' })
  }
  const projects = await checkUsages(tx, findings)
  const passing = new Map((await readPassing(tx, options.store)).map(({ what, ...rest }) => [what, rest]))
  const passed = (what: string) => passing.get(what) ?? { count: 0, bytes: 0 }

  return {
    projects,
    checked: { manifests, artifacts: artifacts.seen, trashed: trash.seen, projects: projects.length },
    also: {
      unreferenced: passed('unreferenced'),
      deleting: passed('deleting'),
      quarantined: passed('quarantined'),
      sparse: artifacts.sparse + trash.sparse,
    },
  }
}

async function checkBodies(tx: Database, findings: Findings): Promise<number> {
  let seen = 0
  for (let after = ''; ; ) {
    const page = await pageBodies(tx, after, BODIES)
    for (const { digest, body } of page) {
      const actual = digestOf(body, digest)
      if (actual !== digest) {
        findings.add('manifest-damaged', { digest, size: body.length, detail: `hashes to ${actual}` })
      }
    }
    seen += page.length
    after = page.at(-1)?.digest ?? after
    if (page.length < BODIES) return seen
  }
}

/** What manifests name against what rows say, of artifacts or of the trash. */
async function checkManifests(
  tx: Database,
  options: RowsOptions,
  findings: Findings,
  of: 'artifacts' | 'trash',
): Promise<{ seen: number; sparse: number }> {
  let seen = 0
  let sparse = 0
  for (let after = 0; ; ) {
    const page =
      of === 'artifacts' ? await pageArtifacts(tx, after, ARTIFACTS) : await pageTrashed(tx, after, ARTIFACTS)
    const ids = page.map(({ id }) => id)
    const references = group(await findReferences(tx, options.store, of, ids))
    const children = group(of === 'artifacts' ? await findChildren(tx, ids) : [])
    for (const row of page) {
      const named = readManifest(row, findings)
      if (!named) continue
      const rows = new Map((references.get(row.id) ?? []).map((reference) => [reference.digest, reference]))
      for (const [digest, size] of named.blobs) {
        const fault = { digest, size, neededBy: [row.name] }
        const reference = rows.get(digest)
        if (!reference) findings.add('reference-missing', fault)
        else if (reference.stored && reference.size !== size) {
          findings.add('size-differs', { ...fault, detail: `the blob has ${reference.size} bytes` })
        } else if (!reference.stored && !reference.ever && options.sparseImages) sparse += 1
        else if (!reference.stored) findings.add('blob-absent', fault)
      }
      if (of === 'artifacts') checkChildren(row, named, children.get(row.id) ?? [], options, findings)
    }
    seen += page.length
    after = page.at(-1)?.id ?? after
    if (page.length < ARTIFACTS) return { seen, sparse }
  }
}

/** What a manifest names, its own bytes among it; undefined, and told, where there is none that can be read. */
function readManifest({ digest, name, size, body }: ManifestRow, findings: Findings): Named | undefined {
  if (body === null) {
    findings.add('manifest-missing', { digest, neededBy: [name] })
    return undefined
  }
  if (size !== null && size !== body.length) {
    findings.add('size-differs', {
      digest,
      size,
      neededBy: [name],
      detail: `the body has ${body.length} bytes`,
    })
  }
  try {
    const { blobs, children } = readNamed(body)
    return { blobs: new Map([[digest, size ?? body.length], ...blobs]), children }
  } catch {
    findings.add('manifest-unreadable', { digest, size: body.length, neededBy: [name] })
    return undefined
  }
}

function checkChildren(
  { name, digest }: ManifestRow,
  named: Named,
  rows: readonly { digest: string; there: boolean }[],
  { sparseIndex }: RowsOptions,
  findings: Findings,
): void {
  const there = new Map(rows.map((row) => [row.digest, row.there]))
  for (const child of new Set(named.children)) {
    if (!there.has(child)) {
      findings.add('reference-missing', { digest: child, neededBy: [name], detail: 'a child of an index' })
    } else if (!there.get(child) && !sparseIndex) {
      findings.add('child-absent', { digest: child, neededBy: [name] })
    }
  }
  const extra = [...there.keys()].filter((child) => !named.children.includes(child))
  if (extra.length > 0)
    findings.add('rows', { digest, neededBy: [name], detail: `does not list ${extra[0]}` })
}

async function checkUsages(tx: Database, findings: Findings): Promise<Report['projects']> {
  const usages = await readUsages(tx)
  for (const { name, used, counted, uncounted, uncountedBytes } of usages) {
    if (used !== counted) {
      const detail = `project ${name} uses ${used} bytes, and what counts in it has ${counted}`
      findings.add('usage', { size: Math.abs(used - counted), detail })
    }
    if (uncounted > 0) {
      const detail = `${uncounted} blobs that project ${name} references do not count in it`
      findings.add('uncounted', { size: uncountedBytes, detail })
    }
  }
  return usages.map(({ name, used, referenced, pending }) => ({ name, used, referenced, pending }))
}

function digestOf(body: Buffer, like: string): string {
  const algorithm = like.startsWith('sha512:') ? 'sha512' : 'sha256'
  return `${algorithm}:${createHash(algorithm).update(body).digest('hex')}`
}

function group<Row extends { id: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const groups = new Map<number, Row[]>()
  for (const row of rows) {
    const group = groups.get(row.id)
    if (group) group.push(row)
    else groups.set(row.id, [row])
  }
  return groups
}
