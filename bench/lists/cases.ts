import { HUGE } from './fill.ts'

/** A list, with the orders and filters that it is asked for; every order with every filter. */
export interface ListCase {
  name: string
  path: string
  /** Empty: the list's own order. */
  sorts: readonly string[]
  /** Empty: everything. */
  filters: readonly string[]
  /** Filters of text somewhere in a field, which may take longer. */
  fuzzy: readonly string[]
  administratorOnly?: boolean
}

const digits = (time: Date) => time.toISOString().slice(0, 19)

/** A moment so many hours ago, as `q=` takes it. */
export function hoursAgo(hours: number): string {
  return digits(new Date(Date.now() - hours * 3_600_000))
}

/** Every list that must stay quick. Who adds a list adds its rows to `fill.ts`. */
export const CASES: readonly ListCase[] = [
  {
    name: 'artifacts of one repository',
    path: `/projects/${HUGE.project}/repositories/${HUGE.repository}/artifacts`,
    sorts: ['', 'push_time', '-pull_time', '-size', 'digest', 'type', 'media_type', 'artifact_type'],
    filters: [
      '',
      'type=IMAGE',
      'type=CHART',
      'tags=*',
      'tags=nil',
      'tags=v5000',
      `push_time=[${hoursAgo(500)}~${hoursAgo(100)}]`,
      'size=[1000~500000]',
    ],
    fuzzy: ['tags=~99', 'digest=~abc'],
  },
  {
    name: 'artifacts of one project',
    path: `/projects/${HUGE.project}/artifacts`,
    sorts: ['', '-size'],
    filters: ['', 'type=CHART'],
    fuzzy: [],
  },
  {
    name: 'repositories',
    path: '/repositories',
    sorts: ['', 'name', '-update_time', 'project_id', '-pull_count'],
    filters: ['', 'project_id=20', `creation_time=[${hoursAgo(2)}~]`],
    fuzzy: ['name=~app-77'],
  },
  {
    name: 'projects',
    path: '/projects',
    sorts: ['', 'name', '-creation_time'],
    filters: ['', 'public=false'],
    fuzzy: ['name=~0099'],
  },
]
