import { expect } from 'vitest'
import { uniqueName } from '../../harness/project.ts'
import type { CallOfRow, Row } from './row.ts'
import { create, read, type World } from './world.ts'

const MISSING = () => ({ label_id: 999_999 })

async function ofNewLabel(world: World): Promise<CallOfRow> {
  const body = { name: uniqueName('label'), scope: 'p', project_id: world.project.id, color: '#FF0000' }
  return { path: { label_id: await create(world.admin, '/api/v2.0/labels', body) } }
}

const labelOf = (call: CallOfRow) => `/labels/${call.path?.label_id}`

/** Labels of a project; the project is not in the path, so who may not see it is refused by the label's id. */
export const LABEL_ROWS: Row[] = [
  {
    operation: 'ListLabels',
    arrange: async (world) => {
      await ofNewLabel(world)
      return { query: { scope: 'p', project_id: world.project.id } }
    },
    as: 'guest',
    refused: 'limitedGuest',
    check: ({ body, world }) =>
      expect(body).toContainEqual(expect.objectContaining({ scope: 'p', project_id: world.project.id })),
  },
  {
    operation: 'CreateLabel',
    arrange: (world) => ({ body: { name: uniqueName('label'), scope: 'p', project_id: world.project.id } }),
    as: 'maintainer',
    refused: 'developer',
    check: async ({ world, answer, call }) => {
      const made = await read(world, String(answer.headers.location).replace('/api/v2.0', ''))
      expect(made).toMatchObject({ name: (call.body as { name: string }).name, scope: 'p' })
    },
  },
  {
    operation: 'GetLabelByID',
    arrange: ofNewLabel,
    as: 'guest',
    refused: 'limitedGuest',
    wrongParent: MISSING,
    check: ({ body, call }) => expect(body).toMatchObject({ id: call.path?.label_id, color: '#FF0000' }),
  },
  {
    operation: 'UpdateLabel',
    arrange: async (world) => ({ ...(await ofNewLabel(world)), body: { name: uniqueName('changed') } }),
    as: 'maintainer',
    refused: 'developer',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect(await read(world, labelOf(call))).toMatchObject({ name: (call.body as { name: string }).name }),
  },
  {
    operation: 'DeleteLabel',
    arrange: ofNewLabel,
    as: 'maintainer',
    refused: 'developer',
    wrongParent: MISSING,
    check: async ({ world, call }) =>
      expect((await world.admin.get(`/api/v2.0${labelOf(call)}`)).status).toBe(404),
  },
]
