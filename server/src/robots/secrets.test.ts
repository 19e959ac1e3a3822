import { expect, test } from 'vitest'
import { checkSecret, hashGenerated, matchesGenerated, newSecret } from './secrets.ts'

test('a generated secret is new each time, meets the rule, and matches its own hash alone', () => {
  const [one, two] = [newSecret(), newSecret()]

  expect(one).not.toBe(two)
  expect(() => checkSecret(one)).not.toThrow()
  expect(matchesGenerated(hashGenerated(one), one)).toBe(true)
  expect(matchesGenerated(hashGenerated(one), two)).toBe(false)
})

test.each([null, undefined, '', '$argon2id$v=19$x', '$sha256$', '$sha256$AAAA'])(
  'nothing matches the hash %j',
  (hash) => {
    expect(matchesGenerated(hash, newSecret())).toBe(false)
  },
)

test('a chosen secret never passes for a generated one, whatever its hash says', () => {
  expect(matchesGenerated(hashGenerated('Chosen12345'), 'Chosen12345')).toBe(false)
})

test.each(['', 'Short12', 'nouppercase1', 'NOLOWERCASE1', 'NoDigitsHere', `A1${'a'.repeat(127)}`])(
  '%j is too weak',
  (secret) => {
    expect(() => checkSecret(secret)).toThrow(/8-128/)
  },
)
