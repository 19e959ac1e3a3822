/**
 * In what store and database disagree. Everything but `undecided` is certain, also beside a running server.
 *
 * - `missing`, `wrong-size`, `damaged`, `unreadable`: the object of a blob. `damaged` only by hashing.
 * - `orphan`: an object that no row knows. `leftover`: one whose row says that it was deleted. `foreign`: nothing of ours.
 * - `returned`: an object whose row says that it was lost. `undecided`: an orphan, unless a transaction that is open for
 *   long will still know it.
 * - `manifest-*`: bodies of manifests in the database. `reference-missing`: a manifest names a blob, and no row does.
 *   `blob-absent`: it names one of which the store has no object. `size-differs`: it says another size than the blob has.
 * - `child-absent`, `tag-astray`: an index lists, or a tag names, what is not in its repository.
 * - `usage`: what a project uses is not the sum of what counts in it. `uncounted`: blobs that it references do not count.
 * - `rows`: rows that contradict each other.
 */
export const FAULTS = [
  'missing',
  'wrong-size',
  'damaged',
  'unreadable',
  'orphan',
  'leftover',
  'foreign',
  'returned',
  'undecided',
  'manifest-missing',
  'manifest-damaged',
  'manifest-unreadable',
  'reference-missing',
  'blob-absent',
  'size-differs',
  'child-absent',
  'tag-astray',
  'usage',
  'uncounted',
  'rows',
] as const
export type Fault = (typeof FAULTS)[number]

/** One case. What of it is told depends on the fault. */
export interface Case {
  digest?: string
  key?: string
  /** Bytes of the object, or of what is meant. */
  size?: number
  /** `project/repository@digest` of artifacts that need it, the first ones. */
  neededBy?: string[]
  /** In words. */
  detail?: string
}

/** All cases of a fault: how many, and the first of them. */
export interface Found {
  count: number
  bytes: number
  cases: Case[]
}

/** What a report says. */
export interface Report {
  /** Whether store and database agree. */
  agree: boolean
  faults: Partial<Record<Fault, Found>>
  checked: Record<
    'objects' | 'bytes' | 'hashedBytes' | 'keys' | 'manifests' | 'artifacts' | 'trashed' | 'projects',
    number
  >
  /** What is no fault: it is as it should be, or will be by itself. */
  also: {
    /** Blobs with bytes that nothing references: collection takes them after their grace. */
    unreferenced: { count: number; bytes: number }
    /** Objects that are about to be deleted. */
    deleting: { count: number; bytes: number }
    /** Objects in quarantine. */
    quarantined: { count: number; bytes: number }
    /** Blobs that a manifest was allowed to name before they came. */
    sparse: number
    /** Bytes in uploads that no session knows, as a crash leaves them. */
    strayUploads: number
  }
  projects: { name: string; used: number; referenced: number; pending: number }[]
}

/** Collects cases. */
export interface Findings {
  add(fault: Fault, found: Case): void
  all(): Partial<Record<Fault, Found>>
}

/** At most so many cases of a fault are told one by one; the rest is counted. */
export function createFindings(most: number): Findings {
  const faults = new Map<Fault, Found>()

  return {
    add(fault, found) {
      const { count = 0, bytes = 0, cases = [] } = faults.get(fault) ?? {}
      faults.set(fault, {
        count: count + 1,
        bytes: bytes + (found.size ?? 0),
        cases: cases.length < most ? [...cases, found] : cases,
      })
    },
    all: () =>
      Object.fromEntries(FAULTS.flatMap((fault) => (faults.has(fault) ? [[fault, faults.get(fault)]] : []))),
  }
}
