import { expect } from 'vitest'
import { uniqueName } from '../../harness/project.ts'
import type { CallOfRow, Row } from './row.ts'
import { create, read, type World } from './world.ts'

/** The rule exists, and not below this project. */
const ELSEWHERE = (world: World) => ({ project_name_or_id: world.other.id })
const NO_PROJECT = () => ({ project_name_or_id: 'no-such-project' })

/** Of a repository that nobody uses, so that other rows may delete what they like. */
const bodyOf = (pattern: string) => ({
  action: 'immutable',
  template: 'immutable_template',
  scope_selectors: {
    repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: 'of-no-concern' }],
  },
  tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern }],
})

const path = (world: World) => `/projects/${world.project.id}/immutabletagrules`

async function ofNewRule(world: World): Promise<CallOfRow> {
  const id = await create(world.admin, `/api/v2.0${path(world)}`, bodyOf(uniqueName('v')))
  return { path: { project_name_or_id: world.project.id, immutable_rule_id: id } }
}

/** Rules for tags that stay what they are. */
export const IMMUTABLE_ROWS: Row[] = [
  {
    operation: 'ListImmuRules',
    arrange: async (world) => {
      await ofNewRule(world)
      return { path: { project_name_or_id: world.project.id }, query: { sort: '-id', page_size: 1 } }
    },
    as: 'maintainer',
    refused: 'developer',
    wrongParent: NO_PROJECT,
    check: ({ body }) =>
      expect(body).toMatchObject([{ action: 'immutable', tag_selectors: [{ decoration: 'matches' }] }]),
  },
  {
    operation: 'CreateImmuRule',
    arrange: (world) => ({ path: { project_name_or_id: world.project.id }, body: bodyOf(uniqueName('v')) }),
    as: 'maintainer',
    refused: 'developer',
    wrongParent: NO_PROJECT,
    check: async ({ world, call }) =>
      expect(await read(world, `${path(world)}?sort=-id&page_size=1`)).toMatchObject([call.body as object]),
  },
  {
    operation: 'UpdateImmuRule',
    arrange: async (world) => ({
      ...(await ofNewRule(world)),
      body: { ...bodyOf(uniqueName('w')), disabled: true },
    }),
    as: 'maintainer',
    refused: 'developer',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) =>
      expect(await read(world, `${path(world)}?q=id=${call.path?.immutable_rule_id}`)).toMatchObject([
        { ...(call.body as object), disabled: true },
      ]),
  },
  {
    operation: 'DeleteImmuRule',
    arrange: ofNewRule,
    as: 'maintainer',
    refused: 'developer',
    wrongParent: ELSEWHERE,
    check: async ({ world, call }) =>
      expect(await read(world, `${path(world)}?q=id=${call.path?.immutable_rule_id}`)).toEqual([]),
  },
]
