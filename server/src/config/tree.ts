/** A configuration document or a group of keys in it. */
export type Tree = { [key: string]: unknown }

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at a path; undefined where there is none, or where it is null. */
export function getAt(tree: Tree, path: readonly string[]): unknown {
  let value: unknown = tree
  for (const key of path) value = isTree(value) ? value[key] : undefined

  return value ?? undefined
}

/** Sets the value at a path, making the groups above it. */
export function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path
  if (rest.length === 0) {
    tree[key] = value
    return
  }
  const child = isTree(tree[key]) ? tree[key] : {}
  tree[key] = child
  setAt(child, rest, value)
}
