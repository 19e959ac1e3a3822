import { expect } from 'vitest'
import type { Row } from './row.ts'
import { read } from './world.ts'

/** Settings of the whole system. */
export const SETTINGS_ROWS: Row[] = [
  {
    operation: 'getConfigurations',
    refused: 'projectAdmin',
    check: ({ body }) =>
      expect(body).toMatchObject({ self_registration: { value: expect.any(Boolean), editable: true } }),
  },
  {
    operation: 'updateConfigurations',
    arrange: () => ({ body: { session_timeout: 61 } }),
    refused: 'projectAdmin',
    check: async ({ world }) =>
      expect(await read(world, '/configurations')).toMatchObject({ session_timeout: { value: 61 } }),
  },
  // For Harbor's own components only, and there are none.
  { operation: 'getInternalconfig', status: 401, refused: 'admin' },
]
