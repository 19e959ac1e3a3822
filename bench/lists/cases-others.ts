import { hoursAgo, type ListCase } from './cases.ts'
import { HUGE } from './fill.ts'
import { OTHERS } from './fill-others.ts'

const PROJECT = `/projects/${HUGE.project}`
const WEBHOOK = `${PROJECT}/webhook/policies/${OTHERS.policy}`
const REPOSITORY = `${PROJECT}/repositories`
const RANGE = `creation_time=[${hoursAgo(100)}~${hoursAgo(20)}]`

function administratorOnly(name: string, path: string, more: Partial<ListCase> = {}): ListCase {
  return { ...open(name, path, more), administratorOnly: true }
}

function open(name: string, path: string, more: Partial<ListCase> = {}): ListCase {
  return { name, path, sorts: [''], filters: [''], fuzzy: [], ...more }
}

/** Both ways of each. */
const ways = (...fields: string[]) => ['', ...fields.flatMap((field) => [field, `-${field}`])]

/** Lists of what hangs on people, projects and single artifacts. */
export const OTHER_CASES: readonly ListCase[] = [
  administratorOnly('users', '/users', {
    sorts: ways('username', 'email', 'realname', 'creation_time', 'update_time', 'user_id', 'sysadmin_flag'),
    filters: ['', 'username=person-77', RANGE, 'sysadmin_flag=false'],
    fuzzy: ['username=~77', 'realname=~77'],
  }),
  administratorOnly('users found by name', '/users/search?username=person-7'),
  administratorOnly('groups', '/usergroups'),
  administratorOnly('groups by part of a name', '/usergroups?group_name=77', { fuzzy: [''], filters: [] }),
  administratorOnly('groups found by name', '/usergroups/search?groupname=group-7', {
    fuzzy: [''],
    filters: [],
  }),
  open('members', `${PROJECT}/members`),
  open('members by the beginning of a name', `${PROJECT}/members?entityname=person-77`),
  administratorOnly('robots of the system', '/robots', {
    sorts: ways(
      'name',
      'creation_time',
      'expires_at',
      'disable',
      'duration',
      'update_time',
      'description',
      'id',
    ),
    filters: ['', 'name=robot-77', RANGE, 'disable=false'],
    fuzzy: ['name=~77'],
  }),
  open('robots of a project', '/robots', {
    sorts: ways('name', 'creation_time'),
    filters: ['Level=project,ProjectID={project}', `Level=project,ProjectID={project},${RANGE}`],
    fuzzy: ['Level=project,ProjectID={project},name=~77'],
  }),
  open('robots by the older interface', `${PROJECT}/robots`),
  open('global labels', '/labels?scope=g', {
    sorts: ways('name', 'creation_time', 'color', 'description', 'id'),
    filters: ['', 'name=label-77', RANGE],
    fuzzy: ['name=~77'],
  }),
  open('labels of a project', '/labels?scope=p&project_id={project}', {
    sorts: ways('name', 'creation_time'),
    fuzzy: ['name=~77'],
  }),
  administratorOnly('quotas', '/quotas', {
    sorts: ways('id', 'hard.storage', 'used.storage', 'creation_time', 'update_time'),
  }),
  open('tags of one artifact', `${REPOSITORY}/${OTHERS.tagged}/artifacts/tag-1/tags`, {
    sorts: ways('name', 'push_time', 'pull_time', 'id'),
    filters: ['', 'name=tag-77', `push_time=[${hoursAgo(1000)}~${hoursAgo(500)}]`],
    fuzzy: ['name=~77'],
  }),
  open('an artifact with many tags', `${REPOSITORY}/${OTHERS.tagged}/artifacts`, {
    filters: ['', 'tags=tag-77'],
  }),
  open('accessories', `${REPOSITORY}/${OTHERS.signed}/artifacts/{signed}/accessories`, {
    sorts: ways('creation_time', 'size', 'type', 'digest', 'id'),
    filters: ['', 'type=signature.cosign', RANGE],
  }),
  open('a signed artifact', `${REPOSITORY}/${OTHERS.signed}/artifacts?with_accessory=true`),
  open(
    'artifacts with everything',
    `${REPOSITORY}/${HUGE.repository}/artifacts?with_label=true&with_accessory=true&with_scan_overview=true&with_immutable_status=true&page_size=100`,
  ),
  open('newest artifact of each repository', `${PROJECT}/artifacts?latest_in_repository=true`, {
    filters: ['media_type=application/vnd.oci.image.config.v1+json'],
  }),
  open('history of a tag', `${REPOSITORY}/${OTHERS.tagged}/tags/tag-1/history`),
  open('trash of artifacts', `${PROJECT}/trash`),
  open('trash of tags', `${PROJECT}/trash/tags`),
  open('trash of repositories', `${PROJECT}/trash/repositories`),
  open('webhook deliveries', `${WEBHOOK}/executions`, {
    sorts: ways('id', 'status', 'creation_time', 'start_time', 'end_time', 'trigger'),
    filters: ['', 'status=Error', 'status=Success', `creation_time=[${hoursAgo(1000)}~${hoursAgo(500)}]`],
  }),
  open('webhook jobs', `${PROJECT}/webhook/jobs?policy_id=${OTHERS.policy}`, {
    sorts: ways('id', 'status', 'creation_time', 'event_type'),
    filters: ['', 'event_type=PULL_ARTIFACT'],
  }),
  open('last deliveries of webhooks', `${PROJECT}/webhook/lasttrigger`),
  open('state of a webhook', `${WEBHOOK}/state`),
  administratorOnly('runs of the collector', '/system/gc', {
    sorts: ways('id', 'status', 'creation_time', 'update_time', 'trigger'),
    filters: ['', 'status=Error', RANGE],
  }),
  administratorOnly('runs of the audit purge', '/system/purgeaudit', { sorts: ways('creation_time') }),
  administratorOnly('sessions', '/users/{lister}/sessions'),
  administratorOnly('access tokens', '/users/{lister}/tokens'),
  administratorOnly('dead letters', '/system/events/dead-letters', {
    sorts: ways('id', 'subscriber', 'event_id', 'type', 'occurrence_time', 'attempts'),
  }),
  administratorOnly('subscribers of events', '/system/events/subscribers'),
  administratorOnly('findings of the scrub', '/system/scrub/findings', {
    sorts: ways('id', 'kind', 'digest', 'key', 'size', 'creation_time', 'expiry_time'),
    filters: ['', 'kind=orphan', 'kind=missing', `creation_time=[${hoursAgo(1000)}~${hoursAgo(500)}]`],
    fuzzy: ['key=~77'],
  }),
  administratorOnly('roles', '/roles'),
  administratorOnly('holders of a role', `/roles/${OTHERS.role}/bindings`),
  open('search', '/search?q=app-77', { filters: [], fuzzy: [''] }),
  open('statistics', '/statistics'),
  open('a project', `${PROJECT}`),
  open('summary of a project', `${PROJECT}/summary`),
  open('projects by a member', '/projects?owner=admin', {
    sorts: ways('name', 'creation_time', 'update_time'),
  }),
  open('repositories of one project', `${PROJECT}/repositories`, {
    sorts: ways('name', 'creation_time', 'update_time', 'pull_count'),
  }),
]
