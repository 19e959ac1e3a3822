import { run } from '../check/run.ts'
import { findProgram } from './path.ts'

/** Debian's own, for which Debian packages modules. */
const DEBIAN_PYTHON = '/usr/bin/python3'

/** A Python 3 that has the module: whichever comes first, or Debian's. */
export async function findPython(module: string): Promise<string | undefined> {
  for (const program of [await findProgram('python3'), DEBIAN_PYTHON]) {
    if (program !== undefined && (await hasModule(program, module))) return program
  }
  return undefined
}

async function hasModule(program: string, module: string): Promise<boolean> {
  const outcome = await run(program, ['-c', `import ${module}`]).catch(() => undefined)

  return outcome?.code === 0
}
