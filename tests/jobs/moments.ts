import pg from 'pg'

/** Moments of a run: what it writes, statement by statement, as triggers in the database see it. */
export interface Moments {
  /** The run of the kind that comes next stands still in its moment `at`, before that is committed; 0: in none. */
  aim(kind: string, at: number): Promise<void>
  /** How many moments the last run of a kind has had. */
  passed(kind: string): Promise<number>
  /** Kinds that stand still. */
  held(): Promise<string[]>
  /** Ends the connections that stand still, so that what they were in the middle of is undone. */
  undo(): Promise<void>
  /** Lets those that stand still go on, whose process has gone: what was one statement is committed, and nobody hears of it. */
  letGo(): Promise<void>
  close(): Promise<void>
}

/** Statements by which kinds are told apart: each of these tables is written so by one kind alone. */
const OWN_STATEMENTS = [
  ['GARBAGE_COLLECTION', 'blob_objects', 'UPDATE'],
  ['GARBAGE_COLLECTION', 'doomed_objects', 'DELETE'],
  ['RETENTION', 'trashed_artifacts', 'INSERT'],
  ['PURGE_AUDIT_LOG', 'audit_log', 'DELETE'],
  ['PURGE_AUDIT_LOG', 'legacy_audit_log', 'DELETE'],
  ['EXECUTION_SWEEP', 'tasks', 'DELETE'],
  ['EXECUTION_SWEEP', 'executions', 'DELETE'],
] as const

const LOCKS = 777

/** Makes the triggers, and a table `told` with every event of some types that was ever committed. */
export async function watchMoments(url: string, kinds: readonly string[]): Promise<Moments> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(INSTALL)
  for (const [number, kind] of kinds.entries()) {
    await client.query(`CREATE SEQUENCE moments_of_${kind}`)
    await client.query('INSERT INTO moments (kind, number, at) VALUES ($1, $2, 0)', [kind, number])
    await client.query('SELECT pg_advisory_lock($1, $2)', [LOCKS, number])
  }
  for (const [kind, table, verb] of OWN_STATEMENTS) {
    await client.query(`CREATE TRIGGER pass_${kind}_${table} AFTER ${verb} ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION pass_statement('${kind}')`)
  }

  async function waiting(): Promise<{ pid: number; number: number }[]> {
    const { rows } = await client.query(
      `SELECT pid, objid::int AS number FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND NOT granted`,
      [LOCKS],
    )
    return rows
  }

  return {
    async aim(kind, at) {
      await client.query(`SELECT setval('moments_of_${kind}', 1, false)`)
      await client.query('UPDATE moments SET at = $2 WHERE kind = $1', [kind, at])
    },
    async passed(kind) {
      const { rows } = await client.query(`SELECT last_value::int AS last FROM moments_of_${kind}`)
      return rows[0].last
    },
    async held() {
      return (await waiting()).map(({ number }) => kinds[number] ?? '')
    },
    async undo() {
      for (const { pid } of await waiting()) await client.query('SELECT pg_terminate_backend($1)', [pid])
    },
    async letGo() {
      for (const { number } of await waiting()) {
        await client.query('SELECT pg_advisory_unlock($1, $2)', [LOCKS, number])
        // Not before those have gone on.
        await client.query('SELECT pg_advisory_lock($1, $2)', [LOCKS, number])
      }
    },
    close: () => client.end(),
  }
}

const INSTALL = `
  CREATE TABLE moments (kind text PRIMARY KEY, number integer NOT NULL, at bigint NOT NULL);
  CREATE TABLE told (type text NOT NULL, payload jsonb NOT NULL);

  CREATE FUNCTION pass_moment(which text) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE m moments;
  BEGIN
    SELECT * INTO m FROM moments WHERE kind = which;
    IF m.kind IS NOT NULL AND nextval('moments_of_' || which) = m.at THEN
      PERFORM pg_advisory_xact_lock_shared(${LOCKS}, m.number);
    END IF;
  END $$;

  CREATE FUNCTION pass_statement() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN PERFORM pass_moment(TG_ARGV[0]); RETURN NULL; END $$;
  CREATE FUNCTION pass_task() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN PERFORM pass_moment(NEW.kind); RETURN NULL; END $$;
  CREATE FUNCTION pass_execution() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN PERFORM pass_moment(NEW.vendor_type); RETURN NULL; END $$;
  CREATE FUNCTION keep_told() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN INSERT INTO told VALUES (NEW.type, NEW.payload); RETURN NULL; END $$;

  -- A delivery is made before its outcome is written, a lane taken before and left behind.
  CREATE TRIGGER pass AFTER UPDATE ON webhook_deliveries FOR EACH ROW EXECUTE FUNCTION pass_statement('WEBHOOK');
  CREATE TRIGGER pass AFTER UPDATE ON webhook_lanes FOR EACH ROW
    WHEN ((OLD.open, OLD.lease_token) IS DISTINCT FROM (NEW.open, NEW.lease_token))
    EXECUTE FUNCTION pass_statement('WEBHOOK');

  -- What a run writes of itself: where it stands, what it tells, and its end.
  CREATE TRIGGER pass AFTER UPDATE ON tasks FOR EACH ROW
    WHEN (OLD.status = 'Running' AND NEW.status <> 'Pending'
      AND (OLD.status, OLD.state, OLD.attributes) IS DISTINCT FROM (NEW.status, NEW.state, NEW.attributes))
    EXECUTE FUNCTION pass_task();
  CREATE TRIGGER pass AFTER UPDATE ON executions FOR EACH ROW WHEN (NEW.status <> 'Pending')
    EXECUTE FUNCTION pass_execution();
  CREATE TRIGGER told AFTER INSERT ON events FOR EACH ROW WHEN (NEW.type IN (
      'execution.ended', 'artifact.deleted', 'retention.applied', 'repository.restored', 'blob.lost'))
    EXECUTE FUNCTION keep_told();`
