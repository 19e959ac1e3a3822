import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StorageDriver } from '../../../driver.ts'
import { guardDriver } from '../../../guarded-driver.ts'
import { openFilesystemDriver } from '../filesystem-driver.ts'
import type { FileSystem } from '../fs.ts'
import { createForgetfulFileSystem, type ForgetfulOptions } from './forgetful-fs.ts'
import { brokenPromises, copyLedger, type Ledger } from './ledger.ts'
import { type Loss, materialise, type Survivor, survivorsOf } from './survivors.ts'

/** A place where the power may fail after every single operation. */
export interface PowerCutLab {
  fs: FileSystem
  /** The driver's directory; it does not exist yet, nor does its parent. */
  directory: string
  /** The test writes down here what it was promised, at the moment it was. */
  ledger: Ledger
  /** Opens a driver on `directory`, of which there may be several. */
  open(fs?: FileSystem): Promise<StorageDriver>
  /** Cuts the power now, as after every operation. */
  cut(): void
  /** Checks what every cut so far would have left; answers the promises broken, and how many cuts there were. */
  verify(): Promise<{ broken: string[]; cuts: number }>
  close(): Promise<void>
}

interface Cut {
  survivor: Survivor
  ledger: Ledger
}

const STORE = join('var', 'store')

export async function openPowerCutLab(options: Pick<ForgetfulOptions, 'ignores'> = {}): Promise<PowerCutLab> {
  const base = await mkdtemp(join(tmpdir(), 'portolan-power-cut-'))
  const ledger: Ledger = { stored: new Map(), possible: new Map(), uploads: [] }
  const cuts = new Map<string, Cut>()
  const losses: Loss[] = ['nothing', 'names', { chance: coin(1) }, { chance: coin(2) }]

  function cut(): void {
    for (const loss of losses) {
      const survivor = survivorsOf(forgetful.root, loss)
      const snapshot = { survivor, ledger: copyLedger(ledger) }
      cuts.set(fingerprint(snapshot), snapshot)
    }
  }
  const forgetful = createForgetfulFileSystem(base, { ...options, onStep: cut })
  const directory = join(base, STORE)

  return {
    fs: forgetful.fs,
    directory,
    ledger,
    open: async (fs = forgetful.fs) => guardDriver(await openFilesystemDriver(directory, fs)),
    cut,
    async verify() {
      const broken = new Set<string>()
      for (const snapshot of cuts.values()) {
        for (const promise of await verifyCut(snapshot)) broken.add(promise)
      }
      return { broken: [...broken], cuts: cuts.size }
    },
    async close() {
      forgetful.close()
      await rm(base, { recursive: true })
    },
  }
}

/** The next start after the power cut: the driver opens what is left, by the real filesystem. */
async function verifyCut({ survivor, ledger }: Cut): Promise<string[]> {
  const base = await mkdtemp(join(tmpdir(), 'portolan-survivors-'))
  try {
    materialise(survivor, join(base, 'disk'))
    const driver = guardDriver(await openFilesystemDriver(join(base, 'disk', STORE)))
    return await brokenPromises(driver, ledger)
  } finally {
    await rm(base, { recursive: true })
  }
}

/** Heads or tails, the same ones every time. */
function coin(seed: number): () => boolean {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 31 === 1
  }
}

/** Cuts that leave the same behind under the same promises need not be looked at twice. */
function fingerprint({ survivor, ledger }: Cut): string {
  const files = new Map<Survivor, string>()

  function describe(node: Survivor): unknown {
    if ('entries' in node) return [...node.entries].map(([name, entry]) => [name, describe(entry)])
    const known = files.get(node)
    if (known !== undefined) return known
    const content = `${files.size}:${createHash('sha1').update(node.bytes).digest('hex')}`
    files.set(node, content)
    return content
  }

  return JSON.stringify([
    describe(survivor),
    [...ledger.stored.keys()],
    [...ledger.possible].map(([key, contents]) => [key, contents.length]),
    ledger.uploads.map(({ state, bytes }) => [state, bytes.length]),
  ])
}
