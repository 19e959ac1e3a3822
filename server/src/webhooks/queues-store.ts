import { sql } from 'kysely'
import type { OtherQueues } from '../jobs/queues/service.ts'

/** What waits for targets, as the job service shows and ends it: `WEBHOOK`, and `SLACK` for those of Slack. */
export const webhookQueues: OtherQueues = {
  async select(db) {
    const result = await sql<{ kind: string; waiting: number; latency: number }>`
      SELECT l.kind, count(*)::int AS waiting, extract(epoch FROM now() - min(d.queue_time))::bigint AS latency
      FROM webhook_lanes l JOIN webhook_deliveries d ON d.policy_id = l.policy_id AND d.target = l.target
      WHERE l.open AND d.status IN ('Pending', 'Scheduled') GROUP BY l.kind`.execute(db)

    return result.rows
  },

  async stopWaiting(db, kind) {
    await db.transaction().execute(async (tx) => {
      // Lanes before deliveries, as everybody.
      const lanes = await sql<{ policy_id: number; target: number }>`
        SELECT policy_id, target FROM webhook_lanes
        WHERE open AND (${kind ?? null}::text IS NULL OR kind = ${kind ?? null})
        ORDER BY policy_id, target FOR UPDATE`.execute(tx)
      await sql`
        UPDATE webhook_deliveries d SET status = 'Stopped', update_time = now(), end_time = now(),
          status_message = 'stopped by an administrator'
        FROM unnest(${lanes.rows.map((lane) => lane.policy_id)}::bigint[],
          ${lanes.rows.map((lane) => lane.target)}::smallint[]) AS l(policy_id, target)
        WHERE d.policy_id = l.policy_id AND d.target = l.target AND d.status IN ('Pending', 'Scheduled')`.execute(
        tx,
      )
    })
  },
}
