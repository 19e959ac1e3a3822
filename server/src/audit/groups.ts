/** So many rows that have this value. */
export interface Group {
  value: string | number | boolean
  rows: number
}

/** Groups of two selections that have no row in common as those of both; each in the order of the database, as is the answer. */
export function mergeGroups(one: readonly Group[], other: readonly Group[]): Group[] {
  const merged: Group[] = []
  let [left, right] = [0, 0]
  for (;;) {
    const [first, second] = [one[left], other[right]]
    if (!first || !second) return [...merged, ...one.slice(left), ...other.slice(right)]
    const order = compare(first.value, second.value)
    if (order <= 0) left += 1
    if (order >= 0) right += 1
    if (order === 0) merged.push({ value: first.value, rows: first.rows + second.rows })
    else merged.push(order < 0 ? first : second)
  }
}

/** Texts byte by byte, as the database does. */
function compare(one: Group['value'], other: Group['value']): number {
  if (typeof one === 'string' && typeof other === 'string')
    return Buffer.compare(Buffer.from(one), Buffer.from(other))
  return Number(one) - Number(other)
}
