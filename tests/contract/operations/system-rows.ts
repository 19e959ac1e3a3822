import { expect } from 'vitest'
import type { Row } from './row.ts'

/** Health, ping, what the system says of itself. */
export const SYSTEM_ROWS: Row[] = [
  {
    operation: 'getHealth',
    as: 'anonymous',
    refused: 'nobody',
    check: ({ body }) => expect(body).toMatchObject({ status: 'healthy' }),
  },
  {
    operation: 'getPing',
    as: 'anonymous',
    refused: 'nobody',
    check: ({ body }) => expect(body).toBe('Pong'),
  },
  {
    operation: 'getSystemInfo',
    refused: 'nobody',
    check: ({ body, world }) => expect(body).toMatchObject({ registry_url: new URL(world.url).host }),
  },
  {
    operation: 'getVolumes',
    refused: 'stranger',
    check: ({ body }) =>
      expect(body).toEqual({ storage: [{ total: expect.any(Number), free: expect.any(Number) }] }),
  },
  // There is no certificate of an authority to get.
  { operation: 'getCert', status: 404, refused: 'nobody' },
  {
    operation: 'pingOIDC',
    arrange: () => ({ body: { url: 'http://127.0.0.1:1', verify_cert: false } }),
    status: 400,
    refused: 'stranger',
  },
]
