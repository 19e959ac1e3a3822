import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Attempt, createThrottle, type Throttle } from './throttle.ts'

const HERE = '192.0.2.1'
const THERE = '192.0.2.2'

let time: number
let throttle: Throttle

beforeEach(() => {
  time = 1_000_000
  throttle = createThrottle(() => time)
})

function enter(account = 'ann', address = HERE): Attempt {
  const attempt = throttle.enter(account, address)
  if (attempt.refused !== undefined) throw new Error(`refused for ${attempt.refused} ms`)
  return attempt
}

function fail(times: number, account = 'ann', address = HERE): void {
  for (let round = 0; round < times; round += 1) {
    time += throttle.refusal(account, address)
    enter(account, address).failed()
  }
}

describe('wrong passwords for one account from one address', () => {
  it('cost nothing up to four of them', () => {
    fail(4)

    expect(throttle.refusal('ann', HERE)).toBe(0)
  })

  it('then cost a delay that doubles, up to five minutes', () => {
    const delays = []
    fail(4)
    for (let round = 0; round < 12; round += 1) {
      fail(1)
      delays.push(throttle.refusal('ann', HERE) / 1000)
    }

    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
  })

  it('are not made worse by attempts that are refused', () => {
    fail(6)
    const wait = throttle.refusal('ann', HERE)
    for (let round = 0; round < 100; round += 1) throttle.enter('ann', HERE)

    time += wait

    expect(throttle.refusal('ann', HERE)).toBe(0)
  })

  it('leave other addresses and other accounts alone', () => {
    fail(20)

    expect(throttle.refusal('ann', THERE)).toBe(0)
    expect(throttle.refusal('bob', HERE)).toBe(0)
  })

  it('are forgotten by the right one, and after half an hour', () => {
    fail(6)
    time += throttle.refusal('ann', HERE)
    enter().succeeded()
    fail(4)
    expect(throttle.refusal('ann', HERE)).toBe(0)

    fail(6)
    time += 31 * 60_000
    fail(4)
    expect(throttle.refusal('ann', HERE)).toBe(0)
  })

  it('do not get around the delay by being tried at the same time', () => {
    let admitted = 0
    for (let round = 0; round < 50; round += 1) {
      if (throttle.enter('ann', HERE).refused === undefined) admitted += 1
    }

    expect(admitted).toBe(5)
  })
})

describe('one address that tries many accounts', () => {
  it('is slowed down to one attempt a second after the first hundred', () => {
    for (let round = 0; round < 100; round += 1) enter(`user${round}`).failed()

    expect(throttle.enter('another', HERE).refused).toBe(1000)
    expect(throttle.enter('another', THERE).refused).toBeUndefined()
    time += 2000
    enter('another').failed()
    enter('yet-another').failed()
    expect(throttle.enter('a-third', HERE).refused).toBe(1000)
  })

  it('is not, where the passwords are right or the attempts come to nothing', () => {
    for (let round = 0; round < 500; round += 1) {
      enter(`user${round}`).succeeded()
      enter(`user${round}`).abandoned()
    }

    expect(throttle.enter('another', HERE).refused).toBeUndefined()
  })

  it('counts a whole /64 of IPv6 addresses as one', () => {
    for (let round = 0; round < 100; round += 1)
      enter(`user${round}`, `2001:db8:1:2::${round.toString(16)}`).failed()

    expect(throttle.enter('another', '2001:db8:1:2:3:4:5:6').refused).toBe(1000)
    expect(throttle.enter('another', '2001:db8:1:3::1').refused).toBeUndefined()
    expect(throttle.enter('another', '::1').refused).toBeUndefined()
  })
})

describe('whatever is tried', () => {
  it('no refusal is longer than five minutes', () => {
    const step = fc.record({
      wait: fc.nat(600_000),
      outcome: fc.constantFrom('succeeded', 'failed', 'abandoned'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        for (const { wait, outcome } of steps) {
          time += wait
          const attempt = throttle.enter('ann', HERE)
          if (attempt.refused !== undefined) expect(attempt.refused).toBeLessThanOrEqual(300_000)
          else attempt[outcome as 'failed']()
        }
      }),
    )
  })
})

it('a client who has hung up, and has no address any more, is throttled like any other', () => {
  const gone = undefined as unknown as string
  for (let round = 0; round < 5; round += 1) {
    const attempt = throttle.enter('ann', gone)
    if (attempt.refused === undefined) attempt.failed()
  }

  expect(throttle.refusal('ann', gone)).toBeGreaterThan(0)
  expect(throttle.refusal('ann', HERE)).toBe(0)
})

describe('several that tell each other', () => {
  const step = fc.record({
    at: fc.nat(2),
    account: fc.constantFrom('ann', 'bob'),
    address: fc.constantFrom(HERE, THERE),
    ending: fc.constantFrom('succeeded', 'failed', 'failed', 'failed', 'abandoned'),
    later: fc.integer({ min: 0, max: 3000 }),
  } as const)

  it('refuse what one alone would refuse', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const alone = createThrottle(() => time)
        const group: Throttle[] = [0, 1, 2].map((own) =>
          createThrottle(
            () => time,
            (ending) => {
              for (const [other, one] of group.entries()) if (other !== own) one.hear(ending)
            },
          ),
        )

        for (const { at, account, address, ending, later } of steps) {
          time += later
          const one = group[at]?.enter(account, address)
          const wanted = alone.enter(account, address)
          expect(one?.refused).toBe(wanted.refused)
          if (one?.refused === undefined) one?.[ending]()
          if (wanted.refused === undefined) wanted[ending]()
        }
      }),
    )
  })
})
