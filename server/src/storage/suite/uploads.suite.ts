import { expect, vi } from 'vitest'
import { giveAway } from '../../lib/chunk-memory.ts'
import type { UploadState } from '../driver.ts'
import { ObjectExistsError, ObjectMissingError } from '../errors.ts'
import { cut, finish, MIB, manualSource, readAll, readObject, someBytes, sourceOf } from './bytes.ts'
import type { SuiteCase } from './suite-case.ts'

/** The life of one upload. */
export const uploadCases: SuiteCase[] = [
  {
    name: 'appends in several calls and shows nothing before the end',
    async run(driver) {
      const bytes = someBytes(2 * MIB + 5)
      let state = await driver.startUpload('steps')
      let offset = 0

      for (const chunk of cut(bytes, 300_000)) {
        const appended = await driver.append(state, offset, sourceOf([chunk]))
        state = appended.state
        offset += appended.written
        expect(await driver.stat('steps')).toBeUndefined()
        expect(await driver.list('', { limit: 10 })).toEqual([])
      }
      const key = await finish(driver, state, offset, 'steps')

      expect((await readObject(driver, key)).equals(bytes)).toBe(true)
    },
  },
  {
    name: 'counts and stores all of chunks that are given away to it, though it releases them',
    async run(driver) {
      const bytes = someBytes(20 * MIB + 5)
      const chunks = cut(bytes, 64 * 1024).map((chunk) => giveAway(Buffer.from(chunk)))
      const begun = await driver.startUpload('given')

      const { state, written } = await driver.append(begun, 0, sourceOf(chunks))
      const key = await finish(driver, state, bytes.length, 'given')

      expect(written).toBe(bytes.length)
      expect((await readObject(driver, key)).equals(bytes)).toBe(true)
    },
  },
  {
    name: 'reads an upload in progress up to a length',
    async run(driver) {
      const bytes = someBytes(1_500_000)
      const begun = await driver.startUpload('peek')
      const { state } = await driver.append(begun, 0, sourceOf([bytes]))

      expect((await readAll(await driver.readUpload(state, 1_500_000))).equals(bytes)).toBe(true)
      expect((await readAll(await driver.readUpload(state, 7))).equals(bytes.subarray(0, 7))).toBe(true)
      expect((await readAll(await driver.readUpload(state, 0))).length).toBe(0)
      await expect(driver.readUpload(state, 1_500_001)).rejects.toThrow()
      await driver.abortUpload(state)
    },
  },
  {
    name: 'drops what an interrupted writer left behind the offset',
    async run(driver) {
      const begun = await driver.startUpload('overtaken')
      const { state } = await driver.append(begun, 0, sourceOf([Buffer.from('0123456789')]))

      const appended = await driver.append(state, 4, sourceOf([Buffer.from('abc')]))

      expect(appended.written).toBe(3)
      await expect(driver.readUpload(appended.state, 8)).rejects.toThrow()
      const key = await finish(driver, appended.state, 7, 'overtaken')
      expect((await readObject(driver, key)).toString()).toBe('0123abc')
    },
  },
  {
    name: 'refuses to append behind a gap, and keeps the upload',
    async run(driver) {
      const begun = await driver.startUpload('gap')
      const { state } = await driver.append(begun, 0, sourceOf([Buffer.from('0123')]))

      await expect(driver.append(state, 5, sourceOf([Buffer.from('x')]))).rejects.toThrow()
      await expect(finish(driver, state, 5, 'gap')).rejects.toThrow()

      const key = await finish(driver, state, 4, 'gap')
      expect((await readObject(driver, key)).toString()).toBe('0123')
    },
  },
  {
    name: 'keeps what arrived before the source failed, and says why it ended',
    async run(driver) {
      const bytes = someBytes(2 * MIB + 99)
      const failure = new Error('the client went away')
      const begun = await driver.startUpload('broken-off')

      const first = await driver.append(begun, 0, sourceOf(cut(bytes, 50_000), failure))
      const second = await driver.append(first.state, first.written, sourceOf([Buffer.from('rest')]))
      const key = await finish(driver, second.state, bytes.length + 4, 'broken-off')

      expect(first.failure).toBe(failure)
      expect(first.written).toBe(bytes.length)
      expect('failure' in second).toBe(false)
      const whole = Buffer.concat([bytes, Buffer.from('rest')])
      expect((await readObject(driver, key)).equals(whole)).toBe(true)
    },
  },
  {
    name: 'takes a source that fails before its first byte',
    async run(driver) {
      const begun = await driver.startUpload('stillborn')

      const appended = await driver.append(begun, 0, sourceOf([], new Error('gone')))

      expect(appended.written).toBe(0)
      expect(appended.failure).toBeInstanceOf(Error)
      await driver.abortUpload(appended.state)
    },
  },
  {
    name: 'bears a client who goes away in the very moment of the call',
    async run(driver) {
      const begun = await driver.startUpload('hasty')
      const client = manualSource()

      const appending = driver.append(begun, 0, client)
      client.destroy(new Error('gone'))

      expect(await appending).toMatchObject({ written: 0, failure: new Error('gone') })
      await driver.abortUpload(begun)
    },
  },
  {
    name: 'closes the source of an append that it refuses',
    async run(driver) {
      const begun = await driver.startUpload('refused')
      await driver.abortUpload(begun)
      const client = manualSource()
      client.push(Buffer.from('abc'))

      await expect(driver.append(begun, 0, client)).rejects.toThrow(ObjectMissingError)

      await vi.waitUntil(() => client.destroyed)
    },
  },
  {
    name: 'finishes with less than was written, dropping the rest',
    async run(driver) {
      const begun = await driver.startUpload('shorter')
      const { state } = await driver.append(begun, 0, sourceOf([Buffer.from('0123456789')]))

      const key = await finish(driver, state, 6, 'shorter')

      expect((await readObject(driver, key)).toString()).toBe('012345')
    },
  },
  {
    name: 'finishes an upload under another key where the first is taken',
    async run(driver) {
      await driver.put('blob/data', Buffer.from('old'))
      const begun = await driver.startUpload('second')
      const { state } = await driver.append(begun, 0, sourceOf([Buffer.from('new')]))

      await expect(finish(driver, state, 3, 'blob/data')).rejects.toThrow(ObjectExistsError)
      const key = await finish(driver, state, 3, 'blob/data.2')

      expect((await readObject(driver, 'blob/data')).toString()).toBe('old')
      expect((await readObject(driver, key)).toString()).toBe('new')
    },
  },
  {
    name: 'keeps an upload that was finished until it is forgotten, and finishes it again',
    async run(driver, reopen) {
      for (const [name, size] of [
        ['small', 1000],
        ['large', 6 * MIB],
      ] as const) {
        const bytes = someBytes(size)
        const { state } = await driver.append(await driver.startUpload(name), 0, sourceOf([bytes]))
        await driver.finishUpload(state, size, `${name}/data`)

        // The next start does not know of it.
        const other = await reopen()
        const key = await other
          .finishUpload(state, size, `${name}/data`)
          .catch(() => other.finishUpload(state, size, `${name}/data.2`))
        expect((await readObject(other, key)).equals(bytes)).toBe(true)
        await other.forgetUpload(state)

        expect((await readObject(driver, key)).equals(bytes)).toBe(true)
        expect(await driver.staleUploads(new Date(Date.now() + 60_000), 10)).toEqual([])
      }
    },
  },
  {
    name: 'changes no object by what is appended to the upload that it was made of',
    async run(driver) {
      for (const [first, more] of [
        [5, 5],
        [6 * MIB, 5],
        [6 * MIB, 6 * MIB],
        [5, 12 * MIB],
      ] as const) {
        const bytes = someBytes(first + more)
        const name = `grown-${first}-${more}`
        const begun = await driver.startUpload(name)
        const { state } = await driver.append(begun, 0, sourceOf([bytes.subarray(0, first)]))
        const key = await driver.finishUpload(state, first, `${name}/data`)

        // Either it goes on, to its end, or it is over: nothing is the store's fault.
        const grown = await driver
          .append(state, first, sourceOf([bytes.subarray(first)]))
          .catch((error: unknown) => error as Error)
        if (grown instanceof Error) expect(grown).toBeInstanceOf(ObjectMissingError)
        else {
          const longer = await driver.finishUpload(grown.state, first + more, `${name}/longer`)
          expect((await readObject(driver, longer)).equals(bytes)).toBe(true)
        }
        expect((await readObject(driver, key)).equals(bytes.subarray(0, first))).toBe(true)

        await driver.forgetUpload(state)
        expect((await readObject(driver, key)).equals(bytes.subarray(0, first))).toBe(true)
      }
    },
  },
  {
    name: 'forgets an upload that was aborted, and one that was finished',
    async run(driver) {
      const aborted = await driver.startUpload('gone')
      await driver.append(aborted, 0, sourceOf([Buffer.from('abc')]))
      const finished = await driver.startUpload('done')
      const key = await driver.finishUpload(finished, 0, 'done')

      await driver.forgetUpload(finished)
      await driver.forgetUpload(finished)
      await driver.abortUpload(aborted)
      await driver.abortUpload(aborted)
      await driver.abortUpload(finished)

      for (const state of [aborted, finished]) {
        await expect(driver.append(state, 0, sourceOf([]))).rejects.toThrow(ObjectMissingError)
        await expect(driver.readUpload(state, 0)).rejects.toThrow(ObjectMissingError)
        await expect(driver.forkUpload(state, 'fork', 0)).rejects.toThrow(ObjectMissingError)
        await expect(finish(driver, state, 0, 'again')).rejects.toThrow(ObjectMissingError)
      }
      expect(await driver.list('', { limit: 10 })).toEqual([key])
    },
  },
  {
    name: 'begins a new upload each time, also under one id',
    async run(driver) {
      const first = await driver.startUpload('same')
      const second = await driver.startUpload('same')
      await driver.append(first, 0, sourceOf([Buffer.from('one')]))
      await driver.append(second, 0, sourceOf([Buffer.from('two')]))

      await driver.abortUpload(first)
      const key = await finish(driver, second, 3, 'same')

      expect((await readObject(driver, key)).toString()).toBe('two')
    },
  },
  {
    name: 'continues and finishes through another driver, with the state through JSON',
    async run(driver, reopen) {
      const begun = await driver.startUpload('moved')
      const { state } = await driver.append(begun, 0, sourceOf([Buffer.from('from here ')]))
      const carried: UploadState = JSON.parse(JSON.stringify(state))

      const other = await reopen()
      const appended = await other.append(carried, 10, sourceOf([Buffer.from('to there')]))
      const key = await finish(other, appended.state, 18, 'moved')

      expect((await readObject(driver, key)).toString()).toBe('from here to there')
    },
  },
  {
    name: 'resumes at the offset after a writer broke down, with nothing visible in between',
    async run(driver, reopen) {
      const begun = await driver.startUpload('crash')
      const { state } = await driver.append(begun, 0, sourceOf([Buffer.from('kept ')]))
      await driver.append(state, 5, sourceOf([someBytes(3 * MIB)], new Error('shot')))

      const other = await reopen()
      const visible = await other.list('', { limit: 10 })
      const appended = await other.append(state, 5, sourceOf([Buffer.from('and resumed')]))
      const key = await finish(other, appended.state, 16, 'crash')

      expect(visible).toEqual([])
      expect((await readObject(other, key)).toString()).toBe('kept and resumed')
    },
  },
  {
    name: 'isolates a fork from a writer who is still alive',
    async run(driver, reopen) {
      const head = someBytes(1_200_000)
      const begun = await driver.startUpload('stalled')
      const { state } = await driver.append(begun, 0, sourceOf([head]))
      const client = manualSource()
      const stalled = driver.append(state, head.length, client)
      client.push(someBytes(2 * MIB, 7))

      const other = await reopen()
      const forked = await other.forkUpload(state, 'taken-over', head.length)
      client.push(someBytes(2 * MIB, 8))
      const appended = await other.append(forked, head.length, sourceOf([Buffer.from('tail')]))
      client.push(null)
      await stalled
      const key = await finish(other, appended.state, head.length + 4, 'fork')

      const expected = Buffer.concat([head, Buffer.from('tail')])
      expect((await readObject(driver, key)).equals(expected)).toBe(true)
      await driver.abortUpload(state)
      expect((await readObject(driver, key)).equals(expected)).toBe(true)
    },
  },
  {
    name: 'forks no more than an upload holds',
    async run(driver) {
      const begun = await driver.startUpload('short')
      const { state } = await driver.append(begun, 0, sourceOf([Buffer.from('abc')]))

      await expect(driver.forkUpload(state, 'long', 4)).rejects.toThrow()

      await driver.abortUpload(state)
    },
  },
  {
    name: 'names uploads that nothing was written to since then, and no others',
    async run(driver) {
      const idle = await driver.startUpload('idle')
      const none = await driver.staleUploads(new Date(Date.now() - 60_000), 10)
      const all = await driver.staleUploads(new Date(Date.now() + 60_000), 10)
      for (const state of all) await driver.abortUpload(state)
      const left = await driver.staleUploads(new Date(Date.now() + 60_000), 10)

      expect(none).toEqual([])
      expect(all).toEqual([idle])
      expect(left).toEqual([])
    },
  },
]
