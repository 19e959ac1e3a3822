const AT_ONCE = 16

/** Works on items, some at once; answers what came of them. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result | undefined>,
): Promise<Result[]> {
  const queue = [...items]
  const results: Result[] = []
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      const result = await work(item)
      if (result !== undefined) results.push(result)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return results
}
