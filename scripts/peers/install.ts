import { installPackages } from './debian.ts'
import { buildGoProgram, findGo } from './go.ts'
import { findProgram } from './path.ts'
import {
  BENCH_PROGRAMS,
  DEBIAN_PROGRAMS,
  type DebianProgram,
  GO_PROGRAMS,
  type GoProgram,
  PYTHON_MODULES,
  type PythonModule,
} from './programs.ts'
import { findPython } from './python.ts'

/**
 * Brings the programs that the black-box tests drive onto this machine, where they are missing. Answers
 * one line for each that could not be brought; the tests that need it skip themselves by name.
 */
export async function installPeers(): Promise<string[]> {
  return [...(await installFromDebian()), ...(await buildWithGo(Object.keys(GO_PROGRAMS) as GoProgram[]))]
}

/** What bench/ measures beside us, and no test needs. */
export function installBenchPeers(): Promise<string[]> {
  return buildWithGo(Object.keys(BENCH_PROGRAMS) as GoProgram[])
}

async function installFromDebian(): Promise<string[]> {
  const programs = await missingOf(Object.keys(DEBIAN_PROGRAMS) as DebianProgram[])
  const modules = await missingModules(Object.keys(PYTHON_MODULES) as PythonModule[])
  const packages = [
    ...programs.flatMap((name) => DEBIAN_PROGRAMS[name]),
    ...modules.flatMap((name) => PYTHON_MODULES[name]),
  ]
  if (packages.length === 0) return []
  const failure = await installPackages([...new Set(packages)])
  const still = [
    ...(await missingOf(programs)),
    ...(await missingModules(modules)).map((name) => `the Python module ${name}`),
  ]

  return still.map((name) => `${name} is missing: ${failure ?? 'its package does not bring it'}`)
}

async function buildWithGo(names: readonly GoProgram[]): Promise<string[]> {
  const missing = await missingOf(names)
  if (missing.length === 0) return []
  const found = await findGo()
  if ('missing' in found) return missing.map((name) => `${name} is missing: ${found.missing}`)

  const failures: string[] = []
  for (const name of missing) {
    const failure = await buildGoProgram(found.go, name)
    if (failure !== undefined) failures.push(`${name} is missing: ${failure}`)
  }
  return failures
}

async function missingOf<Name extends string>(names: readonly Name[]): Promise<Name[]> {
  const found = await Promise.all(names.map(findProgram))

  return names.filter((_name, index) => found[index] === undefined)
}

async function missingModules(names: readonly PythonModule[]): Promise<PythonModule[]> {
  const found = await Promise.all(names.map(findPython))

  return names.filter((_name, index) => found[index] === undefined)
}
