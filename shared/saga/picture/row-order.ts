/** In which order spots stand in their rows. */
import type { Spot } from './weave.ts'

const SWEEPS = 8

/** The order of each row in which the fewest arrows cross, of those that were tried: each spot at the mean of its neighbours. */
export function inBestOrder(rows: readonly (readonly Spot[])[]): readonly (readonly Spot[])[] {
  let best = rows.map((row) => [...row])
  let fewest = crossings(best)
  let tried = best
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const downwards = sweep % 2 === 0
    const next = tried.map((row) => [...row])
    const indices = [...next.keys()]
    for (const i of downwards ? indices.slice(1) : indices.reverse().slice(1)) {
      const places = placesIn(next[i + (downwards ? -1 : 1)] ?? [])
      next[i] = sortedBy(next[i] ?? [], (spot) => meanPlace(spot, places, downwards))
    }
    tried = next
    const crossed = crossings(next)
    if (crossed < fewest) [best, fewest] = [next, crossed]
  }
  return best
}

function placesIn(row: readonly Spot[]): ReadonlyMap<Spot, number> {
  return new Map(row.map((spot, i) => [spot, i]))
}

function meanPlace(spot: Spot, places: ReadonlyMap<Spot, number>, downwards: boolean): number | undefined {
  const segments = downwards ? spot.up : spot.down
  const found = segments.map(({ top, bottom, topPort, bottomPort }) => {
    const [other, port] = downwards ? [top, topPort] : [bottom, bottomPort]
    return (places.get(other) ?? 0) + port / (other.width + 1)
  })
  return found.length === 0 ? undefined : found.reduce((sum, one) => sum + one, 0) / found.length
}

/** Those without a neighbour keep their places. */
function sortedBy(row: readonly Spot[], placeOf: (spot: Spot) => number | undefined): Spot[] {
  const keyed = row.map((spot, i) => ({ spot, key: placeOf(spot) ?? i, i }))
  return keyed.sort((a, b) => a.key - b.key || a.i - b.i).map(({ spot }) => spot)
}

function crossings(rows: readonly (readonly Spot[])[]): number {
  let count = 0
  for (const [i, row] of rows.entries()) {
    const below = placesIn(rows[i + 1] ?? [])
    const ends = row.flatMap(({ down }) =>
      [...down]
        .sort((a, b) => a.topPort - b.topPort)
        .map(({ bottom, bottomPort }) => (below.get(bottom) ?? 0) + bottomPort / (bottom.width + 1)),
    )
    count += inversions(ends)
  }
  return count
}

/** Pairs that stand the wrong way round. */
function inversions(all: readonly number[]): number {
  const seen: number[] = []
  let count = 0
  for (const one of all) {
    let [low, high] = [0, seen.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((seen[middle] ?? 0) <= one) low = middle + 1
      else high = middle
    }
    count += seen.length - low
    seen.splice(low, 0, one)
  }
  return count
}
