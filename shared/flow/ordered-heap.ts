/** A binary heap: the first by an order that the members never change while they are in it. */

export class OrderedHeap<Member> {
  #heap: Member[] = []
  readonly #before: (a: Member, b: Member) => boolean

  constructor(before: (a: Member, b: Member) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#heap.length
  }

  peek(): Member | undefined {
    return this.#heap[0]
  }

  push(member: Member): void {
    const heap = this.#heap
    let i = heap.length
    heap.push(member)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !this.#before(member, above)) break
      heap[i] = above
      i = parent
    }
    heap[i] = member
  }

  pop(): Member | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let i = 0
    for (;;) {
      const left = 2 * i + 1
      const a = heap[left]
      const b = heap[left + 1]
      const child = a !== undefined && b !== undefined && this.#before(b, a) ? left + 1 : left
      const below = heap[child]
      if (below === undefined || !this.#before(below, last)) break
      heap[i] = below
      i = child
    }
    heap[i] = last
    return first
  }

  /** Keeps those alone. */
  retain(isKept: (member: Member) => boolean): void {
    const kept = this.#heap.filter(isKept)
    this.#heap = []
    for (const member of kept) this.push(member)
  }
}
