import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { goProgramDirectory, isGoProgram } from './programs.ts'

/** Directories of system programs, which are not in every user's PATH. */
const SYSTEM = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Where a program is: what Go built for us, else the first in PATH; undefined where it is not. */
export async function findProgram(name: string): Promise<string | undefined> {
  const path = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '')
  for (const directory of [...ownDirectory(name), ...path, ...SYSTEM]) {
    const file = join(directory, name)
    if (await isExecutable(file)) return file
  }
  return undefined
}

function ownDirectory(name: string): string[] {
  return isGoProgram(name) ? [goProgramDirectory(name)] : []
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
