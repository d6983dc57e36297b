/** One page of a list: it is asked for with one row more than it holds, which says whether there are others. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
): {
  readonly page: readonly Row[]
  /** The last row of the page, behind which the list goes on; absent on the last page. */
  readonly last?: Row
} {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return rows.length > limit && last !== undefined ? { page, last } : { page }
}
