/** The payload store port in memory, for tests: everything is lost at the end of the process. */
import type { PayloadId } from '../../message/claim.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  checkedPayload,
  type FoundPayload,
  type PayloadStore,
  payloadIdOf,
  type StoredPayload,
} from '../../ports/payload-store.ts'

interface Kept {
  readonly bytes: Uint8Array
  readonly storedAt: number
}

export class MemoryPayloadStore implements PayloadStore {
  readonly #clock: Pick<Clock, 'now'>
  readonly #kept = new Map<PayloadId, Kept>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  async put(bytes: Uint8Array): Promise<PayloadId> {
    const id = payloadIdOf(bytes)
    this.#kept.set(id, { bytes: new Uint8Array(bytes), storedAt: this.#clock.now() })
    return id
  }

  async get(id: PayloadId): Promise<FoundPayload> {
    return checkedPayload(id, copyOf(this.#kept.get(id)?.bytes))
  }

  async health(): Promise<void> {}

  async *list(): AsyncIterable<StoredPayload> {
    for (const [id, { bytes, storedAt }] of [...this.#kept]) yield { id, bytes: bytes.length, storedAt }
  }

  async remove(id: PayloadId, putBefore: number): Promise<boolean> {
    const kept = this.#kept.get(id)
    return kept !== undefined && kept.storedAt < putBefore && this.#kept.delete(id)
  }

  async close(): Promise<void> {}

  /** Puts other bytes under an id, as a broken disk would. */
  damage(id: PayloadId): void {
    this.#kept.set(id, { bytes: new Uint8Array([0]), storedAt: this.#clock.now() })
  }
}

function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && new Uint8Array(bytes)
}
