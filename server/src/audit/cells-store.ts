import { sql } from 'kysely'

/**
 * The counts that rows are in, as statements: `audit_counts` by day (`d`), by third of a month and project (`p`) or user
 * name (`u`), of all time by project (`q`) or user name (`t`), and `audit_user_counts` by project and user name, of a month and of all
 * time. Everybody locks them in one order.
 */

/** Rows of this name among the expressions of the statement, as they were written or as they went. */
export type Source = { name: 'added'; change: 'add' } | { name: 'gone'; change: 'remove' }

/** Changes `audit_counts` by the rows of the source. */
export function changeCounts(source: Source) {
  return sql`
    INSERT INTO audit_counts (grain, project_id, username, period, operation, resource_type, op_result, rows)
    SELECT g.grain, g.project_id, g.username, g.period, a.operation, a.resource_type, a.op_result, sum(a.rows)
    FROM ${byDay(source)} a
    CROSS JOIN LATERAL (SELECT a.day - (extract(day FROM a.day)::integer - 1
      - least((extract(day FROM a.day)::integer - 1) / 10, 2) * 10) AS third) t
    CROSS JOIN LATERAL (VALUES ('d', 0::bigint, '', a.day), ('p', a.project_id, '', t.third),
      ('u', 0::bigint, a.username, t.third), ('q', a.project_id, '', 'infinity'::date),
      ('t', 0::bigint, a.username, 'infinity'::date)) AS g(grain, project_id, username, period)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
    ORDER BY 1, 2, 3, 4, 5, 6, 7
    ON CONFLICT (grain, project_id, username, period, operation, resource_type, op_result)
      DO UPDATE SET rows = audit_counts.rows + excluded.rows`
}

/** Changes `audit_user_counts` by the rows of the source. */
export function changeUserCounts(source: Source) {
  return sql`
    INSERT INTO audit_user_counts (project_id, period, username, operation, resource_type, op_result, rows)
    SELECT a.project_id, g.period, a.username, a.operation, a.resource_type, a.op_result, sum(a.rows)
    FROM ${byDay(source)} a
    CROSS JOIN LATERAL (VALUES (date_trunc('month', a.day)::date), ('infinity'::date)) AS g(period)
    GROUP BY 1, 2, 3, 4, 5, 6
    ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (project_id, period, username, operation, resource_type, op_result)
      DO UPDATE SET rows = audit_user_counts.rows + excluded.rows`
}

/** A batch tells much the same many times: it is counted before it is taken apart. */
function byDay({ name, change }: Source) {
  return sql`(SELECT (op_time AT TIME ZONE 'UTC')::date AS day, project_id, username, operation, resource_type, op_result,
      ${change === 'add' ? sql`count(*)` : sql`-count(*)`} AS rows
    FROM ${sql.raw(name)} GROUP BY 1, 2, 3, 4, 5, 6)`
}
