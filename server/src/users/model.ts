import { DomainError } from '../platform/errors.ts'

/** A local user that has not been deleted. */
export interface User {
  id: number
  username: string
  email: string | null
  realname: string
  comment: string
  sysadmin: boolean
  disabled: boolean
  /** Whatever was issued to the user (sessions, tokens) under another generation is void. */
  generation: number
  creationTime: Date
  updateTime: Date
}

export interface Profile {
  email: string
  realname: string
  comment: string
}

export interface NewUser extends Profile {
  username: string
  password: string
}

/** The user that no call can delete, so that nobody locks himself out. */
export const FIRST_ADMINISTRATOR = 1

const MAX_TEXT = 255
const MAX_COMMENT = 30
const FORBIDDEN_IN_NAMES = /[,~#$%]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for; PostgreSQL stores no NUL.
const CONTROL = /[\u0000-\u001f\u007f]/
const NOT_IN_ADDRESS = /[\s<>()[\]\\,;:"]/

/**
 * Refuses names that Harbor refuses; beyond that a colon, which Basic authentication cannot carry, and
 * control characters.
 */
export function checkUsername(username: string): void {
  if (username.length < 1 || username.length > MAX_TEXT) throw bad('username with illegal length')
  if (FORBIDDEN_IN_NAMES.test(username) || CONTROL.test(username) || username.includes(':')) {
    throw bad('username contains illegal characters')
  }
}

/** Whether a user may have this name. */
export function isUsername(text: string): boolean {
  try {
    checkUsername(text)
    return true
  } catch {
    return false
  }
}

/** Refuses profiles that Harbor refuses. */
export function checkProfile(profile: Profile): void {
  if (profile.email === '') throw bad("email can't be empty")
  if (!isAddress(profile.email)) throw bad('email with illegal format')
  if (profile.realname.length < 1 || profile.realname.length > MAX_TEXT)
    throw bad('realname with illegal length')
  if (FORBIDDEN_IN_NAMES.test(profile.realname) || CONTROL.test(profile.realname)) {
    throw bad('realname contains illegal characters')
  }
  if (profile.comment.length > MAX_COMMENT) throw bad('comment with illegal length')
  if (CONTROL.test(profile.comment)) throw bad('comment contains illegal characters')
}

/** Refuses passwords that are too easy to guess, by Harbor's rule. */
export function checkPassword(password: string): void {
  const strong = [/[A-Z]/, /[a-z]/, /[0-9]/].every((kind) => kind.test(password))
  if (password.length >= 8 && password.length <= 128 && strong) return
  throw bad(
    'the password or secret must be 8-128, inclusively, characters long with at least 1 uppercase letter, 1 lowercase letter and 1 number',
  )
}

/** Enough to keep typing errors out; whether the address exists only a message to it can tell. */
function isAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 1 || text.length > MAX_TEXT || CONTROL.test(text) || NOT_IN_ADDRESS.test(local)) return false
  if (local.includes('@') || local.split('.').includes('')) return false
  return /^([a-z0-9-]+\.)+[a-z]{2,}$/i.test(domain)
}

function bad(message: string): DomainError {
  return new DomainError('bad-request', message)
}
