import type { Answer } from '../../harness/http.ts'
import { changedTables, type Rows } from '../../harness/rows.ts'

/** A call that can be made again. */
export interface Repeatable {
  name: string
  send(): Promise<Answer>
}

export function isRefused(answer: Answer | undefined): boolean {
  return answer !== undefined && answer.status >= 400
}

/**
 * Those of the calls that change something although they are refused, each made between two looks at the database. A
 * change is believed at the second time only, for something may still have been going on behind the scenes.
 */
export async function changingRefusals(rows: Rows, calls: readonly Repeatable[]): Promise<string[]> {
  const found: string[] = []
  let before = await rows.settle()
  for (const { name, send } of calls) {
    let after = before
    for (const isCalm of [false, true]) {
      if (isCalm) before = await rows.settle()
      if (!isRefused(await send())) break
      after = await rows.read()
      if (changedTables(before, after).length === 0) break
      if (isCalm) found.push(`${name}: refused, and changed ${changedTables(before, after)}`)
    }
    before = await rows.read()
  }
  return found
}
