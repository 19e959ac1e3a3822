import pg from 'pg'

/** What a statement brings along in its message to the server. */
export interface Frame {
  /** The transaction begins with it. */
  begins: boolean
  /** The transaction is committed with it. */
  ends: boolean
}

/** Names under which a connection that frames statements has prepared these, each of its own text. */
export const BEGIN = 'begin'
export const COMMIT = 'commit'

/** What `pg` has of a query that is not in its types, and of the messages that are sent for it. */
interface Internals {
  prepare(connection: Wire): void
  _getRows(connection: Wire): void
  handleCommandComplete(message: Completed, connection: Wire): void
  _canceledDueToError: unknown
}
interface Wire {
  bind(config: { statement: string }): void
  execute(config: object): void
  sync(): void
}
interface Completed {
  text: string
}
type Callback = (error: Error | null, result: pg.QueryResult) => void

const Query = pg.Query as unknown as new (
  config: pg.QueryConfig & { callback: Callback },
) => Internals & pg.Submittable & { callback: Callback }

/**
 * A prepared statement in one message with the `begin` before it, or the `commit` behind it ("Pipelining" of PostgreSQL's
 * extended query protocol): if it fails, what is behind it is not done, and the transaction is to be rolled back.
 */
class FramedQuery extends Query {
  readonly #frame: Frame
  /** Commands that have been completed. */
  #completed = 0

  constructor(config: pg.QueryConfig, frame: Frame, callback: Callback) {
    super({ ...config, callback })
    this.#frame = frame
  }

  override prepare(connection: Wire): void {
    if (this.#frame.begins) run(connection, BEGIN)
    super.prepare(connection)
  }

  override _getRows(connection: Wire): void {
    if (this.#frame.ends) {
      connection.execute({})
      run(connection, COMMIT)
      connection.sync()
    } else super._getRows(connection)
  }

  override handleCommandComplete(message: Completed, connection: Wire): void {
    this.#completed += 1
    const place = this.#completed - (this.#frame.begins ? 1 : 0)
    if (place === 1) super.handleCommandComplete(message, connection)
    if (place === 2 && message.text !== 'COMMIT')
      this._canceledDueToError = new Error('the transaction was not committed')
  }
}

function run(connection: Wire, statement: string): void {
  connection.bind({ statement })
  connection.execute({})
}

/** Runs a statement that the connection has prepared already, as it has `BEGIN` and `COMMIT`. */
export function runFramed(
  client: pg.PoolClient,
  config: pg.QueryConfig,
  frame: Frame,
): Promise<pg.QueryResult> {
  return new Promise((resolve, reject) => {
    client.query(new FramedQuery(config, frame, (error, result) => (error ? reject(error) : resolve(result))))
  })
}
