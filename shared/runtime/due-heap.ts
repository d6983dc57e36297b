/**
 * The due times of one partition's sagas: one a saga, its earliest. A binary heap with stale entries left in place:
 * an entry counts only while it is the saga's present due time. Rebuilt from state at take-over; holds nothing of its own.
 */

interface Entry<Id> {
  readonly dueAt: number
  readonly id: Id
}

/** Stale entries are swept out when the heap has more than this many, and more stale than live ones. */
const SWEEP_ENTRIES_MIN = 1_024

export class DueHeap<Id> {
  #heap: Entry<Id>[] = []
  readonly #dueAt = new Map<Id, number>()

  /** How many sagas wait for a time. */
  get size(): number {
    return this.#dueAt.size
  }

  /** Sets when the saga is due; `undefined`: it waits for nothing. */
  set(id: Id, dueAt: number | undefined): void {
    if (dueAt === this.#dueAt.get(id)) return
    if (dueAt === undefined) this.#dueAt.delete(id)
    else {
      this.#dueAt.set(id, dueAt)
      this.#push({ dueAt, id })
    }
    if (this.#heap.length > SWEEP_ENTRIES_MIN && this.#heap.length > 2 * this.#dueAt.size) this.#sweep()
  }

  /** The earliest due time, milliseconds since the epoch. */
  earliest(): number | undefined {
    this.#dropStale()
    return this.#heap[0]?.dueAt
  }

  /** Takes the saga that is due first, if one is due by `now`. It has no due time until it is set again. */
  takeDue(now: number): Id | undefined {
    this.#dropStale()
    const first = this.#heap[0]
    if (!first || first.dueAt > now) return undefined
    this.#pop()
    this.#dueAt.delete(first.id)
    return first.id
  }

  clear(): void {
    this.#heap = []
    this.#dueAt.clear()
  }

  #dropStale(): void {
    for (let first = this.#heap[0]; first && this.#dueAt.get(first.id) !== first.dueAt; first = this.#heap[0])
      this.#pop()
  }

  #sweep(): void {
    this.#heap = [...this.#dueAt].map(([id, dueAt]) => ({ id, dueAt })).sort((a, b) => a.dueAt - b.dueAt)
  }

  #push(entry: Entry<Id>): void {
    const heap = this.#heap
    let i = heap.length
    heap.push(entry)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent]
      if (!above || above.dueAt <= entry.dueAt) break
      heap[i] = above
      i = parent
    }
    heap[i] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let i = 0
    for (;;) {
      const left = 2 * i + 1
      const a = heap[left]
      const b = heap[left + 1]
      const child = b && a && b.dueAt < a.dueAt ? left + 1 : left
      const below = heap[child]
      if (!below || below.dueAt >= last.dueAt) break
      heap[i] = below
      i = child
    }
    heap[i] = last
  }
}
