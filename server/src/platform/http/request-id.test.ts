import { expect, test } from 'vitest'
import { requestId } from './request-id.ts'

const of = (id: string | string[]) => requestId({ headers: { 'x-request-id': id } as never })

test.each(['contract-1', 'a', '4bf92f3577b34da6a3ce929d0e0e4736', '1-67891233-abc/x:y=z@q'])(
  'takes over the sane id %s',
  (id) => {
    expect(of(id)).toBe(id)
  },
)

test.each(['', ' x', 'a\nb', 'a b', '<script>', 'x'.repeat(129), '-leading'])(
  'makes a new id instead of %j',
  (id) => {
    const made = of(id)

    expect(made).not.toBe(id)
    expect(made).toMatch(/^[0-9a-f-]{36}$/)
  },
)

test('gives every request without an id another one', () => {
  expect(requestId({ headers: {} })).not.toBe(requestId({ headers: {} }))
})
