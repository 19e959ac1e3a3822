import type { Answer } from '../../harness/http.ts'
import type { RoleName, World } from './world.ts'

/** One call, but for method and path template, which the operation has. */
export interface CallOfRow {
  path?: Record<string, string | number>
  query?: Record<string, string | number>
  body?: unknown
  headers?: Record<string, string>
}

export type CallerName = RoleName | 'stranger' | 'admin' | 'anonymous'

/**
 * What shows that an operation works, on what is stored: the same call is refused to one who may not, fails below a
 * parent that its object does not belong to, and succeeds in the end, so that neither refusal can have changed anything.
 */
export interface Row {
  operation: string
  /** Makes what the call needs. */
  arrange?(world: World): Promise<CallOfRow> | CallOfRow
  /** Who succeeds; the system administrator unless told. */
  as?: CallerName
  /** Of the success, where Harbor describes several or does otherwise. */
  status?: number
  /** False where Harbor tells no location of what it has created, whatever its description says. */
  located?: false
  /** What must be true afterwards, apart from the answer's shape. */
  check?(seen: { world: World; answer: Answer; body: unknown; call: CallOfRow }): void | Promise<void>
  /**
   * Who is refused with 401 or 403; or, where everybody may, a call that is wrong and the status that says so. `nobody` where
   * everybody may and nothing can be said wrongly.
   */
  refused: CallerName | 'nobody' | (CallOfRow & { status: number })
  /** The same object below another parent, or one that does not exist where it has no parent; absent where the path names nothing. */
  wrongParent?(world: World, call: CallOfRow): Record<string, string | number>
  /** Of the wrong parent; 404 or 403 unless told. */
  wrongStatus?: number
}
