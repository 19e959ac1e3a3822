import { pbkdf2Sync } from 'node:crypto'
import argon2 from '@node-rs/argon2'
import { describe, expect, it } from 'vitest'
import { leastProcessorTimeOf, processorTimeOf } from '../lib/testing-time.ts'
import { createPasswords, harborHash } from './passwords.ts'

const passwords = createPasswords()
const RIGHT = { ok: true, outdated: false }
const WRONG = { ok: false, outdated: false }

describe('argon2id hashes', () => {
  it('verify the password they were made of and no other', async () => {
    const hash = await passwords.hash('Contract1234')

    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await passwords.verify(hash, 'Contract1234')).toEqual(RIGHT)
    expect(await passwords.verify(hash, 'Contract1235')).toEqual(WRONG)
  })

  it('differ for the same password', async () => {
    expect(await passwords.hash('Contract1234')).not.toBe(await passwords.hash('Contract1234'))
  })

  it('of other parameters work and are outdated', async () => {
    const hash = await argon2.hash('Contract1234', { memoryCost: 4096, timeCost: 1 })

    expect(await passwords.verify(hash, 'Contract1234')).toEqual({ ok: true, outdated: true })
    expect(await passwords.verify(hash, 'Contract1235')).toEqual(WRONG)
  })
})

describe('hashes that come from Harbor', () => {
  it.each(['sha1', 'sha256'] as const)('of %s work and are outdated', async (version) => {
    const salt = 'wG2u$Xk9=='
    const hex = pbkdf2Sync('Contract1234', salt, 4096, 16, version).toString('hex')
    const hash = harborHash(version, salt, hex)

    expect(await passwords.verify(hash, 'Contract1234')).toEqual({ ok: true, outdated: true })
    expect(await passwords.verify(hash, 'Contract1235')).toEqual(WRONG)
  })
})

describe('where there is nothing to verify', () => {
  it.each([null, undefined, '', '$1$of-another-scheme$abc'])(
    'the answer for a hash of %s is no',
    async (hash) => {
      expect(await passwords.verify(hash, 'Contract1234')).toEqual(WRONG)
    },
  )

  it('it takes as long as with a hash', async () => {
    const hash = await passwords.hash('Contract1234')
    const time = (stored: string | null) =>
      processorTimeOf(async () => {
        for (let round = 0; round < 5; round += 1) await passwords.verify(stored, 'Wrong1234')
      })

    const [known, unknown] = [await time(hash), await time(null)]

    expect(unknown).toBeGreaterThan(known / 4)
  })

  it('a password of megabytes is wrong at once', async () => {
    const verify = (password: string) =>
      leastProcessorTimeOf(async () => expect(await passwords.verify(null, password)).toEqual(WRONG))
    const long = Buffer.alloc(5_000_000, 'a').toString()

    expect(await verify(long)).toBeLessThan((await verify('Wrong1234')) / 2)
  })
})

describe('a storm of logins', () => {
  it('is refused beyond those that may wait', async () => {
    const few = createPasswords({ concurrency: 1, waiting: 2 })

    const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map(() => few.verify(null, 'Contract1234')))

    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ])
    expect(await few.verify(null, 'Contract1234')).toEqual(WRONG)
  })
})
