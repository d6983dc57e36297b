/** Where boxes of one row stand: as near as can be to where each would like to, in their order, and none over another. */

export interface Wish {
  /** Where its left edge would be best. */
  readonly at: number
  /** How much it matters. */
  readonly weight: number
  readonly width: number
}

interface Group {
  /** Left edge of its first box. */
  at: number
  weight: number
  count: number
}

/** Left edges: the least squares of what is wished, with `gap` between neighbours (pool adjacent violators). */
export function placed(wishes: readonly Wish[], gap: number): readonly number[] {
  // Without the widths to their left they must only not fall: neighbours that would are put together at their mean.
  const offsets: number[] = []
  let offset = 0
  for (const { width } of wishes) {
    offsets.push(offset)
    offset += width + gap
  }
  const groups: Group[] = []
  for (const [i, { at, weight }] of wishes.entries()) {
    let group: Group = { at: at - (offsets[i] ?? 0), weight, count: 1 }
    for (let last = groups.at(-1); last && last.at >= group.at; last = groups.at(-1)) {
      groups.pop()
      const both = last.weight + group.weight
      group = {
        at: (last.at * last.weight + group.at * group.weight) / both,
        weight: both,
        count: last.count + group.count,
      }
    }
    groups.push(group)
  }
  const lefts = groups.flatMap(({ at, count }) => Array.from({ length: count }, () => at))
  return lefts.map((at, i) => Math.round(at) + (offsets[i] ?? 0))
}
