/** Payloads that were read or written last, up to a number of bytes: the services of one process read the same ones. */
import type { PayloadId } from '../../message/claim.ts'

export class PayloadCache {
  readonly #bytesMax: number
  readonly #kept = new Map<PayloadId, Uint8Array>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  get(id: PayloadId): Uint8Array | undefined {
    const bytes = this.#kept.get(id)
    if (bytes) {
      this.#kept.delete(id)
      this.#kept.set(id, bytes)
    }
    return bytes
  }

  /** Keeps the bytes, which nobody changes from here on, and lets the least recently used go. */
  keep(id: PayloadId, bytes: Uint8Array): void {
    this.#drop(id)
    this.#kept.set(id, bytes)
    this.#bytes += bytes.length
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#bytesMax) return
      this.#drop(oldest)
    }
  }

  #drop(id: PayloadId): void {
    this.#bytes -= this.#kept.get(id)?.length ?? 0
    this.#kept.delete(id)
  }
}
