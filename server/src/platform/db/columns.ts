import type { ColumnType } from 'kysely'

/** Columns whose values are written in other forms than they are read. */

export type Time = ColumnType<Date, Date | string | undefined, Date | string>
export type OptionalTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
/** Written as JSON text, read parsed. */
export type Json<T> = ColumnType<T, string, string>
export type OptionalJson<T> = ColumnType<T | null, string | null | undefined, string | null>
