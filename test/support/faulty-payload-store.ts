/** A payload store with outages that a test plans, and a count of what it was asked. */
import type { PayloadId } from '../../shared/message/claim.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { FoundPayload, PayloadStore, StoredPayload } from '../../shared/ports/payload-store.ts'

export class FaultyPayloadStore implements PayloadStore {
  readonly #inner: PayloadStore
  readonly #fails: (call: 'put' | 'get') => boolean
  readonly #travel: () => Promise<void>
  puts = 0
  gets = 0

  /** `fails` is asked at each call; an answer is on its way for as long as `travel` takes. */
  constructor(inner: PayloadStore, fails: (call: 'put' | 'get') => boolean, travel = async () => {}) {
    this.#inner = inner
    this.#fails = fails
    this.#travel = travel
  }

  /** As with a lost answer, what could not be put may be there all the same. */
  async put(bytes: Uint8Array): Promise<PayloadId> {
    this.puts++
    const id = await this.#inner.put(bytes)
    await this.#travel()
    if (this.#fails('put')) throw outage()
    return id
  }

  async get(id: PayloadId): Promise<FoundPayload> {
    this.gets++
    await this.#travel()
    if (this.#fails('get')) throw outage()
    return this.#inner.get(id)
  }

  health(): Promise<void> {
    return this.#inner.health()
  }

  list(): AsyncIterable<StoredPayload> {
    return this.#inner.list()
  }

  remove(id: PayloadId, putBefore: number): Promise<boolean> {
    return this.#inner.remove(id, putBefore)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

function outage(): OperationalError {
  return new OperationalError('payload-store-unavailable', 'planted', { where: 'test', retriable: true })
}
