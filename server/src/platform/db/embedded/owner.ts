import { chownSync, readFileSync, statSync } from 'node:fs'
import { FatalError } from '../../errors.ts'

/** Whom PostgreSQL runs as. */
export interface Owner {
  uid: number
  gid: number
}

// PostgreSQL refuses to run as root. A user made for Portolan comes first; `nobody` is always there.
const CANDIDATES = ['portolan', 'postgres', 'nobody']

/**
 * Whom to run PostgreSQL as: undefined means as ourselves. When started as root: the user who already
 * owns `directory`, else the first candidate that the machine has.
 */
export function chooseOwner(directory: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const existing = statSync(directory, { throwIfNoEntry: false })
  if (existing !== undefined && existing.uid !== 0) return { uid: existing.uid, gid: existing.gid }

  const users = readUsers()
  for (const name of CANDIDATES) {
    const user = users.get(name)
    if (user !== undefined && user.uid !== 0) return user
  }
  throw new FatalError(
    `the embedded PostgreSQL does not run as root: create a user named portolan, or start Portolan as another user`,
  )
}

/** Hands `path` itself over; nothing below it. */
export function giveTo(owner: Owner | undefined, path: string): void {
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid)
}

function readUsers(): Map<string, Owner> {
  const users = new Map<string, Owner>()
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name = '', , uid, gid] = line.split(':')
    if (uid !== undefined && gid !== undefined) users.set(name, { uid: Number(uid), gid: Number(gid) })
  }
  return users
}
