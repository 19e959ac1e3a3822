import { beforeAll } from 'vitest'
import { addMember, createUser, type User } from './project.ts'
import type { Registry } from './registry.ts'
import type { Site } from './site.ts'

export interface People {
  /** May push, pull and delete. */
  readonly maintainer: User
  /** May pull only. */
  readonly guest: User
  /** Has nothing to do with the project. */
  readonly stranger: User
  as(user: User): Registry
}

/** The people of the site's project. To be called after `useSite`. */
export function usePeople(site: Site): People {
  const people: Partial<Record<'maintainer' | 'guest' | 'stranger', User>> = {}

  beforeAll(async () => {
    const project = await site.projectOnServer()
    people.maintainer = await createUser(site.server)
    people.guest = await createUser(site.server)
    people.stranger = await createUser(site.server)
    await addMember(site.server, project, people.maintainer, 'maintainer')
    await addMember(site.server, project, people.guest, 'guest')
  })

  const person = (name: 'maintainer' | 'guest' | 'stranger'): User => {
    const user = people[name]
    if (user === undefined) {
      throw new Error('the people of the project are not there yet')
    }
    return user
  }
  return {
    get maintainer() {
      return person('maintainer')
    },
    get guest() {
      return person('guest')
    },
    get stranger() {
      return person('stranger')
    },
    as: (user) => site.registry.as(user),
  }
}
