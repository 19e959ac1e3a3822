import { runProcess } from '../processes/child.ts'

/** Not for people: `portolan serve` starts this where several processes answer. */
export async function run(): Promise<void> {
  await runProcess()
}
