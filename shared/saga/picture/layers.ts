/**
 * A graph in rows: each cell below all that lead to it, arrows between neighbouring rows only. What goes further goes through
 * a knot in each row between, so that no arrow runs through a cell. After Sugiyama: rows, order, places.
 */
import { inBestOrder } from './row-order.ts'
import { CELL_GAP, leftsOf } from './row-places.ts'
import { type Piece, type Spot, weave } from './weave.ts'

export interface Cell {
  readonly width: number
  readonly height: number
  /** Where arrows of each kind come and go, from its left edge. */
  readonly ports: { readonly forward: number; readonly back: number }
}

/** From a cell down to one that comes later in the list; which way the arrow points is another matter. */
export interface Link {
  readonly from: number
  readonly to: number
  readonly kind: 'forward' | 'back'
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Rows {
  readonly width: number
  readonly height: number
  /** Left upper corners of the cells. */
  readonly corners: readonly Point[]
  /** Some begin or end where another forks off, or is joined. */
  readonly routes: readonly Route[]
}

export interface Route {
  readonly kind: Link['kind']
  /** From above: upright inside a row, any way from one row to the next. No point is there twice. */
  readonly points: readonly Point[]
  /** Whether it comes from a cell, and leads to one. */
  readonly ends: { readonly top: boolean; readonly bottom: boolean }
}

const ROW_GAP = 44
/** More of them between two rows are given more room. */
const CALM_ARROWS = 8
/** A row is not filled any further: what could still begin there begins a row below. */
const ROW_WIDTH_MAX = 1_500

export function inRows(cells: readonly Cell[], links: readonly Link[]): Rows {
  const ranks = ranksOf(cells, links)
  const { rows, spots, pieces } = weave(cells, links, ranks)
  const ordered = inBestOrder(rows)
  const lefts = leftsOf(ordered)
  const bands = bandsOf(ordered, cells)
  const corners = cells.map(({ height }, i) => {
    const spot = spots[i]
    const { top, bottom } = (spot && bands.get(spot)) ?? NO_BAND
    return { x: (spot && lefts.get(spot)) ?? 0, y: top + Math.floor((bottom - top - height) / 2) }
  })
  const routes = pieces.map((piece) => routeOf(piece, { cells, corners, lefts, bands }))
  const width = Math.max(0, ...[...lefts].map(([{ width: own }, left]) => left + own))
  const height = Math.max(0, ...[...bands.values()].map(({ bottom }) => bottom))
  return { width, height, corners, routes }
}

function ranksOf(cells: readonly Cell[], links: readonly Link[]): readonly number[] {
  const ranks: number[] = []
  const widths: number[] = []
  const above = Map.groupBy(links, ({ to }) => to)
  for (const [i, { width }] of cells.entries()) {
    let rank = Math.max(0, ...(above.get(i) ?? []).map(({ from }) => (ranks[from] ?? 0) + 1))
    while ((widths[rank] ?? 0) > 0 && (widths[rank] ?? 0) + width > ROW_WIDTH_MAX) rank++
    widths[rank] = (widths[rank] ?? 0) + width + CELL_GAP
    ranks.push(rank)
  }
  return ranks
}

/** What a row takes of the height. */
interface Band {
  readonly top: number
  readonly bottom: number
}

const NO_BAND: Band = { top: 0, bottom: 0 }

function bandsOf(rows: readonly (readonly Spot[])[], cells: readonly Cell[]): ReadonlyMap<Spot, Band> {
  const bands = new Map<Spot, Band>()
  let top = 0
  for (const row of rows) {
    const height = Math.max(0, ...row.map(({ cell }) => (cell === undefined ? 0 : (cells[cell]?.height ?? 0))))
    for (const spot of row) bands.set(spot, { top, bottom: top + height })
    const below = row.reduce((count, { down }) => count + down.length, 0)
    top += height + ROW_GAP + Math.min(ROW_GAP, 2 * Math.max(0, below - CALM_ARROWS))
  }
  return bands
}

interface Ground {
  readonly cells: readonly Cell[]
  readonly corners: readonly Point[]
  readonly lefts: ReadonlyMap<Spot, number>
  readonly bands: ReadonlyMap<Spot, Band>
}

function routeOf({ kind, segments }: Piece, { cells, corners, lefts, bands }: Ground): Route {
  const points = segments.flatMap(({ top, bottom, topPort, bottomPort }, i) => {
    const [from, to] = [(lefts.get(top) ?? 0) + topPort, (lefts.get(bottom) ?? 0) + bottomPort]
    const leaves = bands.get(top)?.bottom ?? 0
    const enters = bands.get(bottom)?.top ?? 0
    const begin = top.cell === undefined ? leaves : (corners[top.cell]?.y ?? 0) + (cells[top.cell]?.height ?? 0)
    const end = bottom.cell === undefined ? enters : (corners[bottom.cell]?.y ?? 0)
    return [
      ...(i === 0 ? [{ x: from, y: begin }] : []),
      { x: from, y: leaves },
      { x: to, y: enters },
      { x: to, y: end },
    ]
  })
  const ends = { top: segments[0]?.top.cell !== undefined, bottom: segments.at(-1)?.bottom.cell !== undefined }
  return { kind, points: unrepeated(points), ends }
}

/** An arrow that ends with a piece of no length would not know where to point. */
function unrepeated(points: readonly Point[]): readonly Point[] {
  return points.filter(({ x, y }, i) => x !== points[i - 1]?.x || y !== points[i - 1]?.y)
}
