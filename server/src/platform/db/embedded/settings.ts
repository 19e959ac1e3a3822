/** File name of the Unix socket is fixed by this number; no TCP port is opened. */
export const SOCKET_PORT = 5432
/** Superuser and database of the embedded PostgreSQL. */
export const ROLE = 'portolan'

/**
 * The server's settings, given on its command line so that a newer Portolan brings its own. Nothing here
 * weakens durability: fsync, synchronous_commit and full_page_writes stay on.
 */
export function serverSettings(maxConnections: number): Record<string, string> {
  return {
    listen_addresses: '',
    // Relative to the server's working directory, its data directory: a path of any length works.
    unix_socket_directories: '.',
    unix_socket_permissions: '0700',
    port: String(SOCKET_PORT),
    // Room for the superuser, a listener and a command of the command line.
    max_connections: String(maxConnections + 10),
    shared_buffers: '64MB',
    huge_pages: 'off',
    work_mem: '4MB',
    maintenance_work_mem: '32MB',
    // One process less for each: reads go through the page cache of the same machine.
    io_method: 'sync',
    max_worker_processes: '2',
    max_parallel_workers: '0',
    max_parallel_workers_per_gather: '0',
    max_logical_replication_workers: '0',
    autovacuum_max_workers: '1',
    wal_level: 'minimal',
    max_wal_senders: '0',
    min_wal_size: '80MB',
    max_wal_size: '512MB',
    checkpoint_timeout: '15min',
    jit: 'off',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_line_prefix: '',
    // Statements that fail are our callers' business, and their text may hold what nobody should read.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    lc_messages: 'C',
    timezone: 'UTC',
    log_timezone: 'UTC',
  }
}

/** The settings as arguments of the program `postgres`. */
export function settingArguments(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
