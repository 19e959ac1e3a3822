/** What a task is, from the moment it is asked for; Harbor's words. */
export type Status = 'Pending' | 'Scheduled' | 'Running' | 'Success' | 'Error' | 'Stopped'

export type Trigger = 'MANUAL' | 'SCHEDULE' | 'EVENT'

/** What belongs together: one run of something, which may be many tasks. */
export interface Execution {
  id: number
  vendorType: string
  /** Whose of its type, a policy's id perhaps; 0 where there is one only. */
  vendorId: number
  trigger: Trigger
  /** Follows from the tasks. */
  status: Status
  statusMessage: string
  attributes: Record<string, unknown>
  startTime: Date
  updateTime: Date
  /** Undefined as long as a task is to run. */
  endTime: Date | undefined
}

/** One piece of work. */
export interface Task {
  id: number
  executionId: number
  kind: string
  /** The name under which the job service knows it: 24 hexadecimal digits. */
  jobId: string
  status: Status
  statusMessage: string
  /** How often it was taken by a worker. */
  runCount: number
  /** What its work tells of it. */
  attributes: Record<string, unknown>
  creationTime: Date
  startTime: Date | undefined
  updateTime: Date
  endTime: Date | undefined
}

/** What is to be done, before it is known as a task. */
export interface Order {
  kind: string
  input: unknown
  attributes?: Record<string, unknown>
}

/** A task in the hands of a worker. */
export interface TakenTask {
  id: number
  executionId: number
  kind: string
  jobId: string
  input: unknown
  /** What `save` has kept last, undefined at first. */
  state: unknown
  attributes: Record<string, unknown>
  /** 1 at first: what a run of before still writes goes nowhere. */
  run: number
  failures: number
  /** The span within which it was ordered, where that is told. */
  traceparent?: string | undefined
}

/** The end of a run's log that may not be in the store, line by line. */
export interface LogTail {
  run: number
  lines: string[]
}

const OVER: readonly Status[] = ['Success', 'Error', 'Stopped']

export function isOver(status: Status): boolean {
  return OVER.includes(status)
}

/** What an execution is, by how many of its tasks are what. */
export function executionStatus(counts: Partial<Record<Status, number>>): Status {
  if (counts.Running) return 'Running'
  if (counts.Pending || counts.Scheduled) {
    return counts.Success || counts.Error || counts.Stopped ? 'Running' : 'Pending'
  }
  if (counts.Error) return 'Error'
  return counts.Stopped ? 'Stopped' : 'Success'
}

const FIRST_DELAY = 10_000
const LONGEST_DELAY = 600_000

/** Milliseconds until a task is tried again that has failed so many times. */
export function retryDelay(failures: number): number {
  return Math.min(FIRST_DELAY * 2 ** (failures - 1), LONGEST_DELAY)
}
