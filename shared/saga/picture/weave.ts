/**
 * The spots that arrows go through: a cell, or a knot in a row between. Arrows of one kind that come from the same cell, or lead to the
 * same one, share their knots, and are drawn as one that forks or joins: so a wide plan stays one that can be followed.
 */
import type { Cell, Link } from './layers.ts'

export const KNOT_WIDTH = 12

export interface Spot {
  /** Index of the cell; absent: a knot. */
  readonly cell: number | undefined
  readonly width: number
  readonly up: Segment[]
  readonly down: Segment[]
}

/** A link, or a part of one or more, between two spots of neighbouring rows. */
export interface Segment {
  readonly top: Spot
  readonly bottom: Spot
  readonly topPort: number
  readonly bottomPort: number
  /** How much it matters that it is upright. */
  readonly weight: number
}

/** A link as far as none before it has gone that way. */
export interface Piece {
  readonly kind: Link['kind']
  readonly segments: readonly Segment[]
}

export interface Weave {
  readonly rows: readonly (readonly Spot[])[]
  /** Of the cells. */
  readonly spots: readonly Spot[]
  readonly pieces: readonly Piece[]
}

/** By how many of its two ends are knots: a long arrow is to be a straight one. */
const WEIGHTS = [1, 0.4, 8]

export function weave(cells: readonly Cell[], links: readonly Link[], ranks: readonly number[]): Weave {
  return new Weaver(cells, ranks).take(links)
}

class Weaver {
  readonly #cells: readonly Cell[]
  readonly #ranks: readonly number[]
  readonly #spots: readonly Spot[]
  readonly #rows: Spot[][]
  readonly #knots = new Map<string, Spot>()
  readonly #joined = new Map<Spot, Map<Spot, Segment>>()

  constructor(cells: readonly Cell[], ranks: readonly number[]) {
    this.#cells = cells
    this.#ranks = ranks
    this.#spots = cells.map(({ width }, cell): Spot => ({ cell, width, up: [], down: [] }))
    this.#rows = Array.from({ length: Math.max(0, ...ranks.map((rank) => rank + 1)) }, () => [])
    for (const [i, spot] of this.#spots.entries()) this.#rows[ranks[i] ?? 0]?.push(spot)
  }

  take(links: readonly Link[]): Weave {
    const far = links.filter(({ from, to }) => this.#rank(to) - this.#rank(from) > 1)
    const leaving = Map.groupBy(far, ({ from, kind }) => `${kind}/${from}`)
    const coming = Map.groupBy(far, ({ to, kind }) => `${kind}/${to}`)
    const pieces = links.map((link) => {
      const { from, to, kind } = link
      const forks = (leaving.get(`${kind}/${from}`)?.length ?? 0) > (coming.get(`${kind}/${to}`)?.length ?? 0)
      return { kind, segments: this.#through(link, forks ? `${kind}/from/${from}` : `${kind}/to/${to}`) }
    })
    return { rows: this.#rows, spots: this.#spots, pieces: pieces.filter(({ segments }) => segments.length > 0) }
  }

  #rank(cell: number): number {
    return this.#ranks[cell] ?? 0
  }

  /** What of the link is not there yet. */
  #through({ from, to, kind }: Link, bundle: string): Segment[] {
    const [first, last] = [this.#spots[from], this.#spots[to]]
    if (!first || !last) return []
    const all = [first]
    for (let rank = this.#rank(from) + 1; rank < this.#rank(to); rank++) all.push(this.#knot(bundle, rank))
    all.push(last)
    return all.slice(1).flatMap((bottom, i) => this.#join(all[i] ?? first, bottom, kind))
  }

  #knot(bundle: string, rank: number): Spot {
    const name = `${bundle}/${rank}`
    const known = this.#knots.get(name)
    if (known) return known
    const knot: Spot = { cell: undefined, width: KNOT_WIDTH, up: [], down: [] }
    this.#knots.set(name, knot)
    this.#rows[rank]?.push(knot)
    return knot
  }

  #join(top: Spot, bottom: Spot, kind: Link['kind']): Segment[] {
    const knotted = [top, bottom].filter(({ cell }) => cell === undefined).length
    // Between two cells there may be one of each kind.
    if (knotted > 0 && this.#joined.get(top)?.has(bottom)) return []
    const portOf = ({ cell }: Spot) => (cell === undefined ? KNOT_WIDTH / 2 : (this.#cells[cell]?.ports[kind] ?? 0))
    const ports = { topPort: portOf(top), bottomPort: portOf(bottom) }
    const segment = { top, bottom, ...ports, weight: WEIGHTS[knotted] ?? 1 }
    top.down.push(segment)
    bottom.up.push(segment)
    this.#joined.set(top, (this.#joined.get(top) ?? new Map()).set(bottom, segment))
    return [segment]
  }
}
