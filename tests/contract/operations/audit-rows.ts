import { expect } from 'vitest'
import type { Row } from './row.ts'

/** The log of who did what; it lags behind by the second that the dispatcher may take. */
export const AUDIT_ROWS: Row[] = [
  {
    operation: 'listAuditLogs',
    arrange: (world) => ({ query: { q: `resource=${world.project.name}` } }),
    refused: 'anonymous',
    check: ({ body }) => expect(body).toEqual(expect.any(Array)),
  },
  {
    operation: 'listAuditLogExts',
    arrange: () => ({ query: { sort: '-op_time', page_size: 5 } }),
    refused: 'anonymous',
    check: ({ body }) => expect(body).toHaveLength(5),
  },
  {
    operation: 'listAuditLogEventTypes',
    refused: 'projectAdmin',
    check: ({ body }) => expect(body).toContainEqual({ event_type: expect.any(String) }),
  },
  {
    operation: 'getLogs',
    arrange: (world) => ({ path: { project_name: world.project.name } }),
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: () => ({ project_name: 'no-such-project' }),
    check: ({ body }) => expect(body).toEqual(expect.any(Array)),
  },
  {
    operation: 'getLogExts',
    arrange: (world) => ({ path: { project_name: world.project.name } }),
    as: 'projectAdmin',
    refused: 'maintainer',
    wrongParent: () => ({ project_name: 'no-such-project' }),
    check: ({ body }) => expect(body).toContainEqual(expect.objectContaining({ operation_result: true })),
  },
]
