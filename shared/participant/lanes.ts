/**
 * Who waits for whom. An item stands in one lane or more, in the order of arrival, and may begin when it is the first in
 * all of them. So those that share a lane run one after another, and all others side by side. As every lane has the
 * same order, no two items can wait for each other.
 */
import { assert } from '../message/errors.ts'

interface Standing<Item> {
  readonly item: Item
  readonly lanes: readonly string[]
  /** Lanes in which others stand before it. */
  behind: number
}

export class Lanes<Item> {
  readonly #lanes = new Map<string, Standing<Item>[]>()
  readonly #standing = new Map<Item, Standing<Item>>()

  /** True when the item may begin at once. */
  add(item: Item, lanes: readonly string[]): boolean {
    assert(!this.#standing.has(item), 'an item stands in its lanes once')
    const standing: Standing<Item> = { item, lanes: [...new Set(lanes)], behind: 0 }
    this.#standing.set(item, standing)
    for (const name of standing.lanes) {
      const lane = this.#lanes.get(name)
      if (lane) lane.push(standing)
      else this.#lanes.set(name, [standing])
      if (lane) standing.behind++
    }
    return standing.behind === 0
  }

  /** An item that had begun is done; answers those that may begin now, in the order of its lanes. */
  done(item: Item): readonly Item[] {
    const standing = this.#standing.get(item)
    assert(standing?.behind === 0, 'an item that is done had begun')
    this.#standing.delete(item)
    return standing.lanes.flatMap((name) => this.#moveUp(name))
  }

  #moveUp(name: string): readonly Item[] {
    const lane = this.#lanes.get(name) ?? []
    lane.shift()
    const [next] = lane
    if (!next) {
      this.#lanes.delete(name)
      return []
    }
    next.behind--
    return next.behind === 0 ? [next.item] : []
  }
}
