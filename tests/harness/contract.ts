import { existsSync } from 'node:fs'
import path from 'node:path'

/**
 * Where Harbor's contract as recorded from a running one lies: beside the checkout, or where `PORTOLAN_CONTRACT`
 * says. It is no part of this repository; what needs it is skipped where it is not there.
 */
const contract =
  process.env.PORTOLAN_CONTRACT ?? path.resolve(import.meta.dirname, '../../../shared/contract')

/** A file of the recorded contract. */
export function contractFile(name: string): string {
  return path.join(contract, name)
}

/** `title`, and why it is skipped where the file is not there. */
export function contractTitle(title: string, name: string): string {
  return existsSync(contractFile(name))
    ? title
    : `${title} (skipped: ${contractFile(name)} is not there; PORTOLAN_CONTRACT names its folder)`
}

/** Whether the recorded contract is there. */
export function hasContract(): boolean {
  return existsSync(contractFile('operations.json'))
}
