import { readdirSync, readFileSync } from 'node:fs'
import type pg from 'pg'

/** What a period has cost, which a busy machine falsifies less than how long it took. */
export interface Cost {
  /** Seconds of processor time of the server, and of its database. */
  server: number
  database: number
  /** Bytes of the write-ahead log, and how many of its records are whole pages. */
  wal: number
  pages: number
}

/** Cost of the server and its embedded database since they began. */
export async function readCost(client: pg.Client, serverPid: number): Promise<Cost> {
  const { rows } = await client.query(
    'SELECT wal_bytes::bigint AS wal, wal_fpi::bigint AS pages FROM pg_stat_wal',
  )
  const postmaster = processes().filter(
    (each) => each.parent === serverPid && each.name.startsWith('postgres'),
  )
  const backends = processes().filter((each) => postmaster.some(({ pid }) => pid === each.parent))

  return {
    server: secondsOf(processes().filter((each) => each.pid === serverPid)),
    // Those that have ended are counted with their parent.
    database: secondsOf([...postmaster, ...backends]),
    wal: Number(rows[0].wal),
    pages: Number(rows[0].pages),
  }
}

interface Process {
  pid: number
  parent: number
  name: string
  ticks: number
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        return [parse(Number(entry), readFileSync(`/proc/${entry}/stat`, 'utf8'))]
      } catch {
        // It has ended meanwhile.
        return []
      }
    })
}

/** The name stands in brackets and may hold anything; times are in hundredths of a second. */
function parse(pid: number, stat: string): Process {
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15).map(Number)
  const ofChildren = name.startsWith('postgres') ? cutime + cstime : 0

  return { pid, parent: Number(fields[1]), name, ticks: utime + stime + ofChildren }
}

function secondsOf(those: readonly Process[]): number {
  return those.reduce((sum, each) => sum + each.ticks, 0) / 100
}
