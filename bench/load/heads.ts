import { openConnection } from './connection.ts'
import { expect, headerLines } from './images.ts'

/** HEAD over kept connections, again and again; answers how many a second. */
export async function headsPerSecond(
  url: string,
  target: string,
  headers: Record<string, string>,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<number> {
  const head = `HEAD ${target} HTTP/1.1\r\n${headerLines(headers)}\r\n`
  const begin = performance.now()
  const end = begin + seconds * 1000
  const counts = await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = openConnection(url)
      let count = 0
      for (; performance.now() < end; count += 1) expect(await connection.ask(head), 200, 'a HEAD')
      connection.close()
      return count
    }),
  )
  return (counts.reduce((sum, count) => sum + count, 0) * 1000) / (performance.now() - begin)
}
