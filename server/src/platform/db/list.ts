import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'

/** What a store is told about a list: which rows, in which order, how many of them. */

export type Value = string | number | boolean | Date

/** One condition on a field; conditions are joined by AND. */
export type Filter<Name extends string = string> =
  | { field: Name; op: 'exact'; value: Value }
  /** The text occurs in the field, whatever its case. */
  | { field: Name; op: 'fuzzy'; value: string }
  /** From `min` to `max`, the ends with it unless they are `exclusive`. */
  | { field: Name; op: 'range'; min: Value | undefined; max: Value | undefined; exclusive?: true }
  /** `any`: one of the values (a union); `all`: every one of them (an intersection). */
  | { field: Name; op: 'any' | 'all'; values: Value[] }

export interface Order<Name extends string = string> {
  field: Name
  descending: boolean
}

/** One page of a list. */
export interface Page {
  /** Rows to pass over. */
  offset: number
  /** Rows to answer. */
  limit: number
}

/** `filter` as a condition on `column`, a column with one value a row. */
export function condition(column: Expression<unknown>, filter: Filter): RawBuilder<SqlBool> {
  switch (filter.op) {
    case 'exact':
      return sql`${column} = ${filter.value}`
    case 'fuzzy':
      return sql`${column} ILIKE ${`%${escapeLike(filter.value)}%`}`
    case 'range':
      if (filter.exclusive)
        return filter.max === undefined ? sql`${column} > ${filter.min}` : sql`${column} < ${filter.max}`
      if (filter.max === undefined) return sql`${column} >= ${filter.min}`
      if (filter.min === undefined) return sql`${column} <= ${filter.max}`
      return sql`${column} BETWEEN ${filter.min} AND ${filter.max}`
    case 'any':
      return sql`${column} = ANY(${filter.values})`
    case 'all':
      return sql`${column} = ALL(${filter.values})`
  }
}

/** `text` as a LIKE pattern that means just this text. */
export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}
