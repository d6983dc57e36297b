/**
 * In place of a payload store where there is none. `none`: somebody has said so, and a claim that comes all the same is a
 * record that cannot be read. `unset`: nobody has, and a claim says that others of the installation have a store, so
 * what needs it waits until it is set here too.
 */
import type { PayloadId } from '../../message/claim.ts'
import { OperationalError } from '../../message/errors.ts'
import type { FoundPayload, PayloadStore, StoredPayload } from '../../ports/payload-store.ts'

export class NoPayloadStore implements PayloadStore {
  readonly #why: 'none' | 'unset'

  constructor(why: 'none' | 'unset') {
    this.#why = why
  }

  async put(): Promise<PayloadId> {
    throw noStore()
  }

  async get(): Promise<FoundPayload> {
    if (this.#why === 'unset') throw noStore()
    return { kind: 'missing' }
  }

  async health(): Promise<void> {
    throw noStore()
  }

  async *list(): AsyncIterable<StoredPayload> {}

  async remove(): Promise<boolean> {
    return false
  }

  async close(): Promise<void> {}
}

function noStore(): OperationalError {
  const message = 'there is no payload store here: set KASAGA_PAYLOADS, or KASAGA_DATABASE_URL'
  return new OperationalError('no-payload-store', message, { where: 'claim-check', retriable: true })
}
