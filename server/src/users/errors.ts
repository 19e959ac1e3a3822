import { DomainError } from '../platform/errors.ts'

export const userNotFound = (id: number) => new DomainError('not-found', `user ${id} not found`)

export const userExists = (username: string, email: string) =>
  new DomainError('conflict', `user ${username} or email ${email} already exists`)

export const emailTaken = (email: string) => new DomainError('conflict', `email ${email} already exists`)

export const undeletable = (id: number) =>
  new DomainError('forbidden', `User with ID ${id} cannot be deleted`)

export const lastAdministrator = () => new DomainError('forbidden', 'the last system administrator stays one')

export const notAUser = () =>
  new DomainError('precondition-failed', 'get current user not available for security context: robot')

export const wrongPassword = () => new DomainError('forbidden', 'Current password is incorrect')

export const samePassword = () => new DomainError('bad-request', 'New password is identical to old password')

export const tooManyLogins = () =>
  new DomainError('unavailable', 'too many logins at the same time, try again in a few seconds')
