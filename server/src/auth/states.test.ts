import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { User } from '../users/model.ts'
import { createStates, type States } from './states.ts'

const user = (generation: number): User => ({
  id: 7,
  username: 'ann',
  email: null,
  realname: '',
  comment: '',
  sysadmin: false,
  disabled: false,
  generation,
  creationTime: new Date(0),
  updateTime: new Date(0),
})

/** A database whose one user changes, and a clock. */
function world() {
  const state = { time: 0, generation: 1, questions: 0, away: false }
  const states = createStates(
    async () => {
      state.questions += 1
      if (state.away) throw new Error('the database is away')
      return user(state.generation)
    },
    () => state.time,
  )
  return { state, states }
}

describe('remembered users', () => {
  it('are asked for once in five seconds', async () => {
    const { state, states } = world()

    await Promise.all([states.get(7), states.get(7)])
    state.generation = 2
    state.time = 4999
    const before = await states.get(7)
    state.time = 5000
    const after = await states.get(7)

    expect([before?.generation, after?.generation]).toEqual([1, 2])
    expect(state.questions).toBe(2)
  })

  it('are asked for anew once forgotten, even while the old answer is on its way', async () => {
    const { state, states } = world()

    const first = states.get(7)
    state.generation = 2
    states.forget(7)
    const second = await states.get(7)

    expect((await first)?.generation).toBe(1)
    expect(second?.generation).toBe(2)
    expect((await states.get(7))?.generation).toBe(2)
  })

  it('are asked for anew after the database was away', async () => {
    const { state, states } = world()
    state.away = true

    await expect(states.get(7)).rejects.toThrow('away')
    state.away = false

    expect(await states.get(7)).toMatchObject({ id: 7 })
  })
})

describe('several that tell each other', () => {
  const step = fc.record({
    at: fc.nat(2),
    id: fc.nat(2),
    what: fc.constantFrom('get', 'get', 'change', 'change all'),
  } as const)

  it('answer what there is, whichever of them has changed it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
        const generations = [0, 0, 0]
        const group: States<User>[] = [0, 1, 2].map((own) =>
          createStates(
            async (id) => user(generations[id] ?? 0),
            () => 0,
            (id) => {
              for (const [other, one] of group.entries()) if (other !== own) one.hear(id)
            },
          ),
        )

        for (const { at, id, what } of steps) {
          if (what === 'change') {
            generations[id] = (generations[id] ?? 0) + 1
            group[at]?.forget(id)
          } else if (what === 'change all') {
            for (const each of generations.keys()) generations[each] = (generations[each] ?? 0) + 1
            group[at]?.forgetAll()
          }
          const found = await Promise.all(group.map((one) => one.get(id)))
          expect(found.map((one) => one?.generation)).toEqual(group.map(() => generations[id]))
        }
      }),
    )
  })
})
