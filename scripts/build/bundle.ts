import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { ROOT } from '../check/run.ts'

/**
 * Bundles the program into `directory`: main.js, the chunks that it loads when they are needed, and the code of its threads. Our own
 * code alone, because Node strips no types below `node_modules`; libraries stay outside and must be
 * dependencies of the published package. All files lie side by side: code that finds something beside
 * itself (`import.meta.url`) finds it beside main.js.
 */
export async function bundleServer(directory: string): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: {
      main: 'server/src/main.ts',
      // Code of threads, which is found by its name.
      'chart-thread': 'server/src/artifacts/additions/chart-thread.ts',
      'put-thread': 'server/src/storage/drivers/filesystem/put-thread.ts',
    },
    outdir: directory,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    packages: 'external',
    // The contract is a workspace of ours, not a library: it goes into the bundle.
    alias: { '@portolan/api': join(ROOT, 'api/src') },
    metafile: true,
    logLevel: 'warning',
  })

  const imported = Object.values(metafile.outputs).flatMap((output) => output.imports)
  const libraries = imported.filter(({ external }) => external).map(({ path }) => packageName(path))
  const known = await dependencies()
  const unknown = [...new Set(libraries)].filter((name) => !name.startsWith('node:') && !known.has(name))
  if (unknown.length > 0) throw new Error(`no dependencies of the package: ${unknown.join(', ')}`)
}

async function dependencies(): Promise<Set<string>> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'server/package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }

  return new Set(Object.keys(manifest.dependencies))
}

/** `@scope/name/deep` → `@scope/name`. */
function packageName(path: string): string {
  return path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/')
}
