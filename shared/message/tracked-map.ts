/**
 * An ordered map that can tell what has changed in it, so that a copy elsewhere is brought to the same in two steps: the
 * keys that went are removed, then the entries are put in their order. The copy then has the same entries in the same order.
 *
 *     plain --all()--> tracking --changes(), all()--> tracking --forget()--> plain
 */

export interface MapChanges<Key, Value> {
  readonly removed: readonly Key[]
  /** Keys, and the value of each at the same place. */
  readonly keys: readonly Key[]
  readonly values: readonly Value[]
}

/** What can be told as changes, and be brought to the same by them. */
export interface Table<Key, Value> {
  /** What has changed since this or `all` was asked last. */
  changes(): MapChanges<Key, Value>
  /** All that there is; from here on changes are noted. */
  all(): MapChanges<Key, Value>
  /** Nobody has a copy any more. */
  forget(): void
  /** Does to this one what was done to the other, of which somebody has a copy. */
  take(changes: MapChanges<Key, Value>): void
}

export class TrackedMap<Key, Value> implements Table<Key, Value> {
  readonly #map = new Map<Key, Value>()
  #isTracking = false
  /** Put after the copy was told, in the order of their places. */
  #added = new Set<Key>()
  /** The copy has them in their places already, with another value. */
  #updated = new Set<Key>()
  #removed = new Set<Key>()

  get size(): number {
    return this.#map.size
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key)
  }

  has(key: Key): boolean {
    return this.#map.has(key)
  }

  keys(): MapIterator<Key> {
    return this.#map.keys()
  }

  values(): MapIterator<Value> {
    return this.#map.values()
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.#map.entries()
  }

  /** A key that is there keeps its place. */
  set(key: Key, value: Value): void {
    if (this.#isTracking && !this.#added.has(key)) (this.#map.has(key) ? this.#updated : this.#added).add(key)
    this.#map.set(key, value)
  }

  delete(key: Key): boolean {
    if (!this.#map.delete(key)) return false
    if (this.#isTracking && !this.#added.delete(key)) {
      this.#updated.delete(key)
      this.#removed.add(key)
    }
    return true
  }

  /** The value of a key has changed in itself. */
  touch(key: Key): void {
    if (this.#isTracking && !this.#added.has(key) && this.#map.has(key)) this.#updated.add(key)
  }

  changes(): MapChanges<Key, Value> {
    const keys = [...this.#added, ...this.#updated]
    const removed = [...this.#removed]
    this.#begin(true)
    return { removed, keys, values: keys.map((key) => this.#map.get(key) as Value) }
  }

  all(): MapChanges<Key, Value> {
    this.#begin(true)
    return { removed: [], keys: [...this.#map.keys()], values: [...this.#map.values()] }
  }

  forget(): void {
    this.#begin(false)
  }

  take({ removed, keys, values }: MapChanges<Key, Value>): void {
    for (const key of removed) this.#map.delete(key)
    for (const [i, key] of keys.entries()) this.#map.set(key, values[i] as Value)
    this.#begin(true)
  }

  #begin(isTracking: boolean): void {
    this.#isTracking = isTracking
    this.#added = new Set()
    this.#updated = new Set()
    this.#removed = new Set()
  }
}
