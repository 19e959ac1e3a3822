import { beforeAll, describe, expect, test } from 'vitest'
import { config, descriptorOf, image } from '../harness/content.ts'
import { type Answer, json } from '../harness/http.ts'
import { readOperations } from '../harness/openapi.ts'
import { openAsAdministrator } from '../harness/project.ts'
import { nextOf, openRegistry, type Registry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'
import { sessionCaller } from './access/caller.ts'
import { bodyOf } from './operations/retention-rows.ts'
import {
  type Account,
  ask,
  create,
  makeMember,
  makeProject,
  makeUser,
  type ProjectFixture,
} from './operations/world.ts'

/** Every list of the interface, from its first page to its last, on what is stored. */

const COUNT = 12
const SIZE = 5
const site = useSite()

let admin: Registry
let ann: Account
let annHerself: Registry
let project: ProjectFixture
let renamed: string
let role: number
let policy: number
let retention: number

interface List {
  path(): string
  /** What tells one element from another. */
  key(element: Record<string, never>): unknown
  as?(): Registry
  /** Fields by which it is sorted both ways. */
  sorts?: readonly string[]
  /** It changes while it is read: every login is told of. */
  grows?: true
  /** A page that is too large is cut, and not refused: Harbor names no limit for it. */
  cuts?: true
  /** Where it stands in the answer, unless that is the list. */
  within?: string
  /** At least so many, unless the usual count. */
  least?: number
}

const api = '/api/v2.0'
const byId = ({ id }: Record<string, never>) => id
const inProject = (rest: string) => () => `${api}/projects/${project.name}${rest}`
const artifact = () => `${api}/projects/${project.name}/repositories/images/artifacts/v1`

const LISTS: Record<string, List> = {
  listProjects: { path: () => `${api}/projects`, key: (p) => p.project_id, sorts: ['name', 'creation_time'] },
  listQuotas: { path: () => `${api}/quotas`, key: byId, sorts: ['id', 'used.storage', 'hard.storage'] },
  listUsers: {
    path: () => `${api}/users`,
    key: (u) => u.user_id,
    sorts: ['username', 'creation_time'],
  },
  searchUsers: { path: () => `${api}/users/search?username=u-`, key: (u) => u.user_id },
  listUserGroups: { path: () => `${api}/usergroups`, key: byId },
  searchUserGroups: { path: () => `${api}/usergroups/search?groupname=group`, key: byId },
  ListLabels: { path: () => `${api}/labels?scope=g`, key: byId, sorts: ['name', 'creation_time', 'id'] },
  ListRobot: { path: () => `${api}/robots`, key: byId, sorts: ['name', 'creation_time', 'id'] },
  listRobotsOfProject: { path: inProject('/robots'), key: byId },
  listProjectMembers: { path: inProject('/members'), key: byId },
  listRepositories: {
    path: inProject('/repositories'),
    key: byId,
    sorts: ['name', 'creation_time', 'pull_count'],
  },
  listAllRepositories: { path: () => `${api}/repositories`, key: byId, sorts: ['name', 'update_time'] },
  listArtifacts: {
    path: inProject('/repositories/many/artifacts'),
    key: byId,
    sorts: ['id', 'digest', 'size', 'push_time'],
  },
  listArtifactsOfProject: { path: inProject('/artifacts'), key: byId },
  listTags: { path: () => `${artifact()}/tags`, key: byId, sorts: ['name', 'push_time'] },
  listAccessories: { path: () => `${artifact()}/accessories`, key: byId },
  listTagHistory: { path: inProject('/repositories/moved/tags/prod/history'), key: byId },
  listProjectAliases: { path: () => `${api}/projects/${renamed}/aliases`, key: ({ name }) => name },
  listRepositoryAliases: { path: inProject('/repository-aliases'), key: ({ name }) => name },
  ListImmuRules: { path: inProject('/immutabletagrules'), key: byId },
  listRetentionExecutions: {
    path: () => `${api}/retentions/${retention}/executions`,
    key: byId,
    grows: true,
    cuts: true,
  },
  listSystemRetentionExecutions: {
    path: () => `${api}/system/retention/executions`,
    key: byId,
    grows: true,
  },
  explainRetention: {
    path: inProject('/repositories/many/retention'),
    key: ({ digest }) => digest,
    within: 'artifacts',
  },
  listTrash: { path: inProject('/trash'), key: byId },
  listTrashedTags: { path: inProject('/trash/tags'), key: byId },
  listTrashedRepositories: { path: inProject('/trash/repositories'), key: byId },
  listRoles: { path: () => `${api}/roles`, key: byId },
  listRoleBindings: { path: () => `${api}/roles/${role}/bindings`, key: byId },
  listAccessTokensOfUser: { path: () => `${api}/users/${ann.id}/tokens`, key: byId },
  listOwnAccessTokens: { path: () => `${api}/users/current/tokens`, key: byId, as: () => annHerself },
  listSessionsOfUser: { path: () => `${api}/users/${ann.id}/sessions`, key: byId },
  listOwnSessions: { path: () => `${api}/users/current/sessions`, key: byId, as: () => annHerself },
  listAuditLogExts: {
    path: () => `${api}/auditlog-exts`,
    key: byId,
    sorts: ['op_time', 'username'],
    grows: true,
  },
  getLogExts: { path: inProject('/auditlog-exts'), key: byId, sorts: ['op_time', 'operation'], grows: true },
  // What an older Harbor wrote; a new installation has nothing there.
  listAuditLogs: { path: () => `${api}/audit-logs`, key: byId, least: 0, grows: true },
  getLogs: { path: inProject('/logs'), key: byId, least: 0, grows: true },
  listSchedules: { path: () => `${api}/schedules`, key: byId, least: 1 },
  getGCHistory: { path: () => `${api}/system/gc`, key: byId, sorts: ['id', 'creation_time'] },
  // The store of this run is whole.
  getSystemScrub: { path: () => `${api}/system/scrub`, key: byId, least: 0 },
  listScrubFindings: { path: () => `${api}/system/scrub/findings`, key: byId, least: 0 },
  getPurgeHistory: { path: () => `${api}/system/purgeaudit`, key: byId, sorts: ['id'] },
  ListWebhookPoliciesOfProject: { path: inProject('/webhook/policies'), key: byId, sorts: ['name', 'id'] },
  ListWebhookJobs: { path: () => `${inProject('/webhook/jobs')()}?policy_id=${policy}`, key: byId },
  ListExecutionsOfWebhookPolicy: {
    path: () => `${inProject('/webhook/policies')()}/${policy}/executions`,
    key: byId,
    sorts: ['id', 'start_time'],
  },
  // Nothing of the program has failed.
  listDeadLetters: { path: () => `${api}/system/events/dead-letters`, key: byId, least: 0 },
  // Nothing of the kind is built yet.
  listRegistries: { path: () => `${api}/registries`, key: byId, least: 0 },
}
/** Pages that are none: one artifact, and lists below what another test makes. */
const NO_LISTS = [
  'getArtifact',
  'ListTasksOfWebhookExecution',
  'listRetentionTasks',
  'listSystemRetentionTasks',
]

const times = (make: (at: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: COUNT }, (_, at) => make(at)))

beforeAll(async () => {
  admin = openAsAdministrator(site.server)
  project = await makeProject(admin)
  ann = await makeUser(admin)
  annHerself = openRegistry(site.server.url, ann)
  await Promise.all([
    times(() => makeProject(admin, { empty: true })),
    times((at) => create(admin, `${api}/usergroups`, { group_name: `group-${at}`, group_type: 3 })),
    times((at) => create(admin, `${api}/labels`, { name: `label-${at}`, scope: 'g' })),
    times((at) => create(admin, `${api}/robots`, robot('system', '/', `sys-${at}`))),
    times((at) => create(admin, `${api}/robots`, robot('project', project.name, `own-${at}`))),
    times(async () => makeMember(admin, project, await makeUser(admin), 'guest')),
    times((at) =>
      create(annHerself, `${api}/users/current/tokens`, { name: `token-${at}`, preset: 'read-only' }),
    ),
    times((at) => sessionCaller(site.server.url, `browser ${at}`, { kind: 'anonymous' }, ann)),
    times((at) => ask(admin, 'POST', `${artifact()}/tags`, { name: `w${at}` })),
  ])
  await times((at) => openRepository(admin, `${project.name}/app-${at}`).pushImage('v1'))
  const many = openRepository(admin, `${project.name}/many`)
  await times((at) => many.pushImage(`v${at}`))
  const trashed = openRepository(admin, `${project.name}/trashed`)
  await times(async (at) => {
    const { manifest } = await trashed.pushImage(`v${at}`)
    await admin.delete(`/v2/${trashed.name}/manifests/${manifest.digest}`)
  })
  await times(async (at) => {
    await trashed.pushImage(`w${at}`)
    await admin.delete(`/v2/${trashed.name}/manifests/w${at}`)
    await openRepository(admin, `${project.name}/gone-${at}`).pushImage('v1')
    await admin.delete(`${inProject('/repositories')()}/gone-${at}`)
  })
  await renameOftenEnough()
  const moved = openRepository(admin, `${project.name}/moved`)
  for (let at = 0; at < COUNT; at += 1) await moved.pushImage('prod')
  await times((at) =>
    create(admin, inProject('/immutabletagrules')(), {
      action: 'immutable',
      template: 'immutable_template',
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: `never-${at}` }],
      scope_selectors: {
        repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: 'nothing' }],
      },
    }),
  )
  retention = await create(admin, `${api}/retentions`, bodyOf(project.id))
  await times(() => create(admin, `${api}/retentions/${retention}/executions`, { dry_run: true }))
  // Without rules: nothing is deleted.
  await ask(admin, 'PUT', `${api}/system/retention`, { rules: [] })
  await times(() => create(admin, `${api}/system/retention/executions`, { dry_run: true }))
  await sign()
  for (const path of ['gc', 'purgeaudit']) {
    await times(() =>
      create(admin, `${api}/system/${path}/schedule`, {
        schedule: { type: 'Manual' },
        parameters: { dry_run: true, audit_retention_hour: 240_000, include_event_types: 'create_artifact' },
      }),
    )
  }
  await times(async (at) => {
    policy = await create(admin, inProject('/webhook/policies')(), {
      name: `hook-${at}`,
      enabled: false,
      event_types: ['PUSH_ARTIFACT'],
      targets: [{ type: 'http', address: 'http://127.0.0.1:1/' }],
    })
  })
  // Nobody listens there: each is a delivery that has failed.
  await times(() => ask(admin, 'POST', `${inProject('/webhook/policies')()}/${policy}/test`, {}))
  await times(async (at) => {
    role = await create(admin, `${api}/roles`, roleBody(at))
  })
  await times(async () => bind(await makeUser(admin)))
}, 120_000)

/** A project and a repository of many former names. */
async function renameOftenEnough(): Promise<void> {
  const first = await makeProject(admin, { empty: true })
  await openRepository(admin, `${project.name}/former-0`).pushImage('v1')
  renamed = first.name
  for (let at = 1; at <= COUNT; at += 1) {
    const name = `${first.name}-${at}`
    await ask(admin, 'PUT', `${api}/projects/${renamed}/name`, { name })
    await ask(admin, 'PUT', `${inProject('/repositories')()}/former-${at - 1}/name`, { name: `former-${at}` })
    renamed = name
  }
}

function robot(level: string, namespace: string, name: string): object {
  const access = [{ resource: 'repository', action: 'pull' }]
  const permissions = [{ kind: 'project', namespace: level === 'system' ? '*' : namespace, access }]
  return { name, level, duration: -1, permissions }
}

function roleBody(at: number): object {
  return {
    name: `role-${at}`,
    level: 'system',
    permissions: { system: [{ resource: 'user', action: 'list' }], project: [] },
  }
}

function bind(user: Account): Promise<number> {
  return create(admin, `${api}/roles/${role}/bindings`, { entity_type: 'u', entity_id: user.id })
}

/** Signatures of the image, as referrers. */
async function sign(): Promise<void> {
  const repository = openRepository(admin, `${project.name}/images`)
  const subject = json(await admin.get(`${artifact()}`)) as {
    digest: string
    size: number
    manifest_media_type: string
  }
  const manifest = await admin.get(`/v2/${repository.name}/manifests/v1`)
  const configuration = await repository.pushBlob(config())
  await times((at) =>
    repository.pushManifest(
      image({
        artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
        config: descriptorOf(configuration),
        layers: [],
        subject: {
          mediaType: subject.manifest_media_type,
          digest: subject.digest,
          size: manifest.body.length,
        },
        annotations: { at: String(at) },
      }),
    ),
  )
}

function elementsOf({ within }: List, answer: Answer): Record<string, never>[] {
  const body = json(answer)
  return (within === undefined ? body : (body as Record<string, unknown>)[within]) as Record<string, never>[]
}

/** Follows `next` from the first page to the last. */
async function readAll(
  list: List,
  query = '',
): Promise<{ elements: Record<string, never>[]; totals: number[] }> {
  const registry = list.as?.() ?? admin
  const elements: Record<string, never>[] = []
  const totals: number[] = []
  const join = list.path().includes('?') ? '&' : '?'
  let path: string | undefined = `${list.path()}${join}page_size=${SIZE}${query}`
  for (let pages = 0; path !== undefined; pages += 1) {
    if (pages > 500) throw new Error('there is no last page')
    const answer = await registry.get(path)
    expect(answer.status, path).toBe(200)
    const found = elementsOf(list, answer)
    expect(found.length).toBeLessThanOrEqual(SIZE)
    elements.push(...found)
    totals.push(Number(answer.headers['x-total-count']))
    path = nextOf(answer)
  }
  return { elements, totals }
}

test('every list of the interface is read here', async () => {
  const operations = await readOperations(admin)
  const paged = operations.filter(
    ({ method, pending, parameters }) =>
      method === 'GET' && !pending && parameters.some(({ name }) => name === 'page_size'),
  )

  expect(paged.map(({ id }) => id).filter((id) => !(id in LISTS) && !NO_LISTS.includes(id))).toEqual([])
})

describe.each(Object.entries(LISTS))('%s', (_, list) => {
  test('has all elements on its pages, each once, and as many as it says', async () => {
    const { elements, totals } = await readAll(list)
    const keys = elements.map(list.key)

    expect(keys.length).toBeGreaterThanOrEqual(list.least ?? COUNT)
    expect(new Set(keys).size).toBe(keys.length)
    if (!list.grows) expect(new Set(totals)).toEqual(new Set([keys.length]))
  })

  test('ends behind its last page', async () => {
    const registry = list.as?.() ?? admin
    const join = list.path().includes('?') ? '&' : '?'
    const behind = await registry.get(`${list.path()}${join}page=9999&page_size=${SIZE}`)
    const huge = await registry.get(`${list.path()}${join}page_size=101`)

    expect(behind.status).toBe(200)
    expect(elementsOf(list, behind)).toEqual([])
    expect(nextOf(behind)).toBeUndefined()
    // There is nothing that it is next to.
    expect(behind.headers.link).toBeUndefined()
    expect(huge.status).toBe(list.cuts ? 200 : 422)
  })
})

const SORTED = Object.entries(LISTS).filter(([, { sorts }]) => sorts)

test.each(SORTED)('%s is in the order that was asked for, both ways', async (_, list) => {
  for (const sort of list.sorts ?? []) {
    const [up, down] = [await readAll(list, `&sort=${sort}`), await readAll(list, `&sort=-${sort}`)]
    const values = ({ elements }: typeof up) => elements.map((element) => valueAt(element, sort))
    expect(values(up), sort).toEqual(ordered(values(up)))
    expect(values(down), `-${sort}`).toEqual(ordered(values(down)).reverse())
  }
})

function valueAt(element: Record<string, never>, path: string): string | number {
  let value: unknown = element
  for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name]
  // No limit is more than any; what is left out is empty.
  if (path === 'hard.storage' && value === -1) return Number.MAX_SAFE_INTEGER
  return (value ?? (path.endsWith('_count') ? 0 : '')) as string | number
}

function ordered(values: readonly (string | number)[]): (string | number)[] {
  return values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}
