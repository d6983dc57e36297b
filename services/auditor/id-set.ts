/** Ids that were seen, as hashes of 53 bits: some 16 bytes each, however long they are. Two of 100,000 alike: one in a million. */
import { contentHash } from './content-hash.ts'

const SIZE_MIN = 1_024
/** Share of the places that are taken when it grows. */
const LOAD_MAX = 0.7

export class IdSet {
  /** 0: free. */
  #places = new Float64Array(SIZE_MIN)
  #size = 0

  get size(): number {
    return this.#size
  }

  has(id: string): boolean {
    return this.#places[this.#placeOf(hashOf(id))] !== 0
  }

  add(id: string): void {
    if (this.#size >= this.#places.length * LOAD_MAX) this.#grow()
    this.#put(hashOf(id))
  }

  clear(): void {
    this.#places = new Float64Array(SIZE_MIN)
    this.#size = 0
  }

  #put(hash: number): void {
    const place = this.#placeOf(hash)
    if (this.#places[place] === 0) this.#size++
    this.#places[place] = hash
  }

  /** Where the hash stands, or where it would. */
  #placeOf(hash: number): number {
    let place = hash % this.#places.length
    while (this.#places[place] !== 0 && this.#places[place] !== hash) place = (place + 1) % this.#places.length
    return place
  }

  #grow(): void {
    const old = this.#places
    this.#places = new Float64Array(old.length * 2)
    this.#size = 0
    for (const hash of old) if (hash !== 0) this.#put(hash)
  }
}

function hashOf(id: string): number {
  return contentHash(id) || 1
}
