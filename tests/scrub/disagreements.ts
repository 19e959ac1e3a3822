import { portolan } from '../running/portolan.ts'

/**
 * In what store and database of a server disagree, by kind, as `portolan scrub --report` finds by reading everything; it shares nothing with
 * what writes.
 */
export async function disagreements(
  dataDirectory: string,
  env: Record<string, string> = {},
): Promise<string[]> {
  const { stdout, stderr } = await portolan(['scrub', '--report', '--rehash', '--json'], {
    cwd: dataDirectory,
    env: { ...env, PORTOLAN_DATA_DIRECTORY: dataDirectory },
  })
  if (stdout === '') throw new Error(stderr)
  return Object.keys((JSON.parse(stdout) as { faults: object }).faults)
}
