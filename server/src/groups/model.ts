import { DomainError } from '../platform/errors.ts'

/** Harbor's kinds of groups, by the identity provider that they come from. */
export const GROUP_TYPES = { ldap: 1, http: 2, oidc: 3 } as const

/** A group of users. Who is in it only its identity provider knows; we know who was at his last login. */
export interface Group {
  id: number
  name: string
  type: number
  /** In the form of `normalDn`; of LDAP groups only. */
  ldapDn: string | undefined
}

/** How an identity provider names a group. */
export type ForeignGroup = Omit<Group, 'id'>

const MAX_NAME = 255
const MAX_DN = 512

/** A distinguished name in the form in which they are kept and compared. */
export function normalDn(dn: string): string {
  return dn.trim().toLowerCase()
}

/** Throws bad-request for a name that is empty or too long. */
export function checkGroupName(name: string): void {
  if (name.trim() === '' || name.length > MAX_NAME) {
    throw new DomainError('bad-request', `a group name has 1 to ${MAX_NAME} characters`)
  }
}

/** Throws bad-request for a type that is none, and for an LDAP group without a distinguished name. */
export function checkGroupKind(type: number, ldapDn: string | undefined): void {
  if (!(Object.values(GROUP_TYPES) as number[]).includes(type)) {
    const known = Object.entries(GROUP_TYPES).map(([name, number]) => `${number} (${name})`)
    throw new DomainError('bad-request', `group_type must be one of ${known.join(', ')}`)
  }
  if (type === GROUP_TYPES.ldap && !ldapDn) {
    throw new DomainError('bad-request', 'an LDAP group needs its ldap_group_dn')
  }
  if (ldapDn !== undefined && ldapDn.length > MAX_DN) {
    throw new DomainError('bad-request', `ldap_group_dn has at most ${MAX_DN} characters`)
  }
}
