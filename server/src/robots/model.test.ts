import { describe, expect, it } from 'vitest'
import {
  checkDuration,
  checkName,
  expiryOf,
  isAlive,
  loginNameOf,
  parseLoginName,
  permissionsOf,
  type Robot,
} from './model.ts'

const team = { id: 3, name: 'team' }

describe('the login name', () => {
  it.each([
    ['robot$ci', undefined, 'ci'],
    ['robot$team+ci', 'team', 'ci'],
    ['robot$team+a+b', 'team', 'a+b'],
  ])('%s is taken apart', (login, project, name) => {
    expect(parseLoginName(login, 'robot$')).toEqual({ project, name })
  })

  it.each(['ci', 'robot$', 'robot$team+', 'ROBOT$ci', 'robot$a\u0000b', `robot$${'a'.repeat(600)}`])(
    '%j is none',
    (login) => {
      expect(parseLoginName(login, 'robot$')).toBeUndefined()
    },
  )

  it('is put together with the name that the project has now', () => {
    expect(loginNameOf({ name: 'ci' }, 'bot.')).toBe('bot.ci')
    expect(loginNameOf({ name: 'ci', project: team }, 'robot$')).toBe('robot$team+ci')
  })
})

it.each(['ci', 'a.b-c_d', '0'])('%s may name a robot', (name) => {
  expect(() => checkName(name)).not.toThrow()
})

it.each(['', 'CI', 'a b', 'a+b', '-a', 'a..b', 'a'.repeat(256)])('%j may not', (name) => {
  expect(() => checkName(name)).toThrow(/robot name/)
})

it.each([0, -2, 2_147_483_647])('%i is no duration', (days) => {
  expect(() => checkDuration(days)).toThrow(/duration/)
})

it('ends so many days after its creation, or never', () => {
  const creation = new Date('2026-01-31T10:00:00Z')

  expect(expiryOf(creation, 30)).toEqual(new Date('2026-03-02T10:00:00Z'))
  expect(expiryOf(creation, -1)).toBeUndefined()
  expect(expiryOf(creation, 2_147_483_646)).toBeUndefined()
})

it('counts until it is disabled or has ended', () => {
  const robot = { disabled: false, expiryTime: new Date(1000) } as Robot

  expect(isAlive(robot, new Date(999))).toBe(true)
  expect(isAlive(robot, new Date(1000))).toBe(false)
  expect(isAlive({ ...robot, disabled: true }, new Date(0))).toBe(false)
})

describe('the permissions of a robot', () => {
  const push = [{ resource: 'repository', action: 'push' }]

  it('of a project have pull where they have push', () => {
    const { projects } = permissionsOf({
      project: team,
      grants: [{ kind: 'project', project: team, access: push }],
    })

    expect([...(projects.get(3) ?? [])]).toEqual(['repository:push', 'repository:pull'])
  })

  it('of the system are what it was given, each where it was given', () => {
    const set = permissionsOf({
      grants: [
        { kind: 'system', access: [{ resource: 'user', action: 'list' }] },
        { kind: 'project', project: team, access: push },
        { kind: 'project', access: [{ resource: 'tag', action: 'list' }] },
      ],
    })

    expect([...set.system]).toEqual(['user:list'])
    expect([...set.everyProject]).toEqual(['tag:list'])
    expect([...(set.projects.get(3) ?? [])]).toEqual(['repository:push'])
  })
})
