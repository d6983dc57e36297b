/** What fits into the batch of one turn: its records so far, and whether more may come. */
import { type ClaimRule, isLarger, LEAST_CLAIMED_BYTES, logBytes } from '../message/claim.ts'
import type { NewRecord } from '../message/record.ts'
import type { OrchestratorLimits } from './limits.ts'

/** The batch's header record, generously. */
const BATCH_HEADER_BYTES = 1_000

export interface BatchBounds {
  readonly limits: Pick<OrchestratorLimits, 'batchBytesMax' | 'batchPayloadBytesMax'>
  /** Where large values are kept aside: they count as their claims. */
  readonly claims?: ClaimRule | undefined
}

export class BatchRoom {
  readonly records: NewRecord[] = []
  readonly #bounds: BatchBounds
  #bytes = BATCH_HEADER_BYTES
  /** With the values that are kept aside. */
  #wholeBytes = 0

  constructor(bounds: BatchBounds) {
    this.#bounds = bounds
  }

  get isEmpty(): boolean {
    return this.records.length === 0
  }

  /** Why what an empty batch does not take fits into none. */
  get tooLarge(): string {
    const { claims, limits } = this.#bounds
    if (claims)
      return `its events have more than ${limits.batchPayloadBytesMax} bytes, or one of them more than ${claims.payloadBytesMax}`
    return `its events need more than ${limits.batchBytesMax} bytes: KASAGA_PAYLOADS names a store for larger values`
  }

  /** Adds all of them, or answers `false` and adds none. */
  add(records: readonly NewRecord[]): boolean {
    const whole = logBytes(records, Number.POSITIVE_INFINITY)
    const bytes = this.#bytesOf(records, whole)
    if (this.#bytes + bytes > this.#bounds.limits.batchBytesMax) return false
    this.#bytes += bytes
    this.#wholeBytes += whole
    this.records.push(...records)
    return true
  }

  /** What the records take of the batch. At its start also values that are not quite large may be kept aside. */
  #bytesOf(records: readonly NewRecord[], whole: number): number {
    const { claims, limits } = this.#bounds
    if (!claims || whole <= claims.valueBytesMax) return whole
    if (this.#wholeBytes + whole > limits.batchPayloadBytesMax) return Number.POSITIVE_INFINITY
    if (records.some((record) => isLarger(record, claims.payloadBytesMax))) return Number.POSITIVE_INFINITY
    const bytes = logBytes(records, claims.valueBytesMax)
    if (!this.isEmpty || this.#bytes + bytes <= limits.batchBytesMax) return bytes
    return logBytes(records, Math.min(LEAST_CLAIMED_BYTES, claims.valueBytesMax))
  }
}
