/** How far from the left spots stand in their rows. */
import { placed } from './place.ts'
import type { Segment, Spot } from './weave.ts'

const SWEEPS = 8
const SETTLING_SWEEPS = 30
export const CELL_GAP = 28

/** Left edges: each spot below and above its neighbours, as far as its own row lets it. */
export function leftsOf(rows: readonly (readonly Spot[])[]): ReadonlyMap<Spot, number> {
  const lefts = new Map<Spot, number>()
  for (const row of rows) place(row, lefts, () => [])
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const row of rows) place(row, lefts, ({ up }) => up)
    for (const row of rows.toReversed()) place(row, lefts, ({ down }) => down)
  }
  for (let sweep = 0; sweep < SETTLING_SWEEPS; sweep++)
    for (const row of sweep % 2 === 0 ? rows : rows.toReversed()) place(row, lefts, ({ up, down }) => [...up, ...down])
  const least = Math.min(...lefts.values())
  return new Map([...lefts].map(([spot, left]) => [spot, left - least]))
}

function place(row: readonly Spot[], lefts: Map<Spot, number>, segmentsOf: (spot: Spot) => readonly Segment[]): void {
  const wishes = row.map((spot) => {
    let [sum, weight] = [0, 0]
    for (const { top, bottom, topPort, bottomPort, weight: own } of segmentsOf(spot)) {
      const isTop = spot === top
      const other = (lefts.get(isTop ? bottom : top) ?? 0) + (isTop ? bottomPort : topPort)
      sum += own * (other - (isTop ? topPort : bottomPort))
      weight += own
    }
    if (weight === 0) return { at: lefts.get(spot) ?? 0, weight: 0.1, width: spot.width }
    return { at: sum / weight, weight, width: spot.width }
  })
  const found = placed(wishes, CELL_GAP)
  for (const [i, spot] of row.entries()) lefts.set(spot, found[i] ?? 0)
}
