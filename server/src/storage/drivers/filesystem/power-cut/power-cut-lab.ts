import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StorageDriver } from '../../../driver.ts'
import { guardDriver } from '../../../guarded-driver.ts'
import { openFilesystemDriver } from '../filesystem-driver.ts'
import { type FileSystem, nodeFileSystem } from '../fs.ts'
import type { WriteSizes } from '../write-file.ts'
import { createForgetfulFileSystem, type ForgetfulOptions } from './forgetful-fs.ts'
import { brokenPromises, copyLedger, type Ledger } from './ledger.ts'
import { fingerprintOf, LOSSES, materialise, type Survivor, survivorsOf } from './survivors.ts'
import { withoutSyncs } from './without-syncs.ts'

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
const FAST = withoutSyncs(nodeFileSystem)

export interface LabOptions extends Pick<ForgetfulOptions, 'ignores'> {
  /** How drivers write that are opened here. */
  writes?: WriteSizes
}

export async function openPowerCutLab({ writes, ...options }: LabOptions = {}): Promise<PowerCutLab> {
  const base = await mkdtemp(join(tmpdir(), 'portolan-power-cut-'))
  const ledger: Ledger = { stored: new Map(), possible: new Map(), uploads: [] }
  const cuts = new Map<string, Cut>()

  function cut(): void {
    for (const loss of LOSSES) {
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
    open: async (fs = forgetful.fs) => guardDriver(await openFilesystemDriver(directory, fs, writes)),
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

/** The next start after the power cut: the driver opens what is left, by the real filesystem, and nobody cuts the power again. */
async function verifyCut({ survivor, ledger }: Cut): Promise<string[]> {
  const base = await mkdtemp(join(tmpdir(), 'portolan-survivors-'))
  try {
    materialise(survivor, join(base, 'disk'))
    const driver = guardDriver(await openFilesystemDriver(join(base, 'disk', STORE), FAST))
    return await brokenPromises(driver, ledger)
  } finally {
    await rm(base, { recursive: true })
  }
}

/** Cuts that leave the same behind under the same promises need not be looked at twice. */
function fingerprint({ survivor, ledger }: Cut): string {
  return JSON.stringify([
    fingerprintOf(survivor),
    [...ledger.stored.keys()],
    [...ledger.possible].map(([key, contents]) => [key, contents.length]),
    ledger.uploads.map(({ state, bytes }) => [state, bytes.length]),
  ])
}
