import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './run.ts'
import { type Outcome, verdict } from './step.ts'

interface Manifest {
  name: string
  version: string
  workspaces?: string[]
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

/** All workspaces carry one version, and every library is asked for with one range. */
export async function checkVersions(): Promise<Outcome> {
  const root = await readManifest('.')
  const manifests = [root, ...(await Promise.all((root.workspaces ?? []).map(readManifest)))]

  return verdict([...differingVersions(manifests), ...differingRanges(manifests)])
}

async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest
}

function differingVersions(manifests: readonly Manifest[]): string[] {
  return manifests
    .filter((manifest) => manifest.version !== manifests[0]?.version)
    .map((manifest) => `${manifest.name} has version ${manifest.version}, not ${manifests[0]?.version}`)
}

function differingRanges(manifests: readonly Manifest[]): string[] {
  const asked = new Map<string, Map<string, string>>()
  for (const manifest of manifests) {
    const all = {
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    }
    for (const [library, range] of Object.entries(all)) {
      const ranges = asked.get(library) ?? new Map<string, string>()
      asked.set(library, ranges.set(range, manifest.name))
    }
  }

  return [...asked]
    .filter(([, ranges]) => ranges.size > 1)
    .map(([library, ranges]) => {
      const list = [...ranges].map(([range, name]) => `${range} (${name})`)
      return `${library} is asked for as ${list.join(' and ')}`
    })
}
