/**
 * Appends whose large values go to the store first. A record is appended only when its payload is durable: a crash in
 * between leaves a payload that nobody claims, never a claim without its payload.
 *
 * State: for each topic-partition with payloads on their way, the end of its line. Appends of one topic-partition reach
 * the log in the order of the calls; those that need nothing and wait for nobody go straight through.
 */
import { type ClaimRule, claimRecord, isLarger, valueBytes, valueBytesMaxFor } from '../../message/claim.ts'
import { RECORD_TOO_LARGE } from '../../message/dead-letter.ts'
import { OperationalError } from '../../message/errors.ts'
import type { NewRecord } from '../../message/record.ts'
import type { AppendBatch, AppendResult, Broker } from '../../ports/broker.ts'
import type { PayloadDesk } from './payload-desk.ts'

/** Together a few seconds; then whoever appends hears that nothing was stored, and tries again as it does ever. */
const PUT_ATTEMPTS_MAX = 7
/** What a batch has in the log, below what a broker takes. */
const BATCH_BYTES_MAX = 950_000

export interface AppendPorts {
  readonly inner: Broker
  readonly desk: PayloadDesk
  readonly rule: ClaimRule
  /** Fires when the broker is closed. */
  readonly signal: AbortSignal
}

export class ClaimedAppend {
  readonly #ports: AppendPorts
  readonly #lines = new Map<string, Promise<void>>()

  constructor(ports: AppendPorts) {
    this.#ports = ports
  }

  append(batches: readonly AppendBatch[]): Promise<readonly AppendResult[]> {
    const { inner } = this.#ports
    const large = batches.map((batch) => this.#bytesMaxOf(batch.records))
    if (this.#lines.size === 0 && large.every((bytesMax) => bytesMax === undefined)) return inner.append(batches)
    return this.#inTurn(batches, large)
  }

  async #inTurn(
    batches: readonly AppendBatch[],
    large: readonly (number | undefined)[],
  ): Promise<readonly AppendResult[]> {
    const straight: { batch: AppendBatch; index: number }[] = []
    const results: Promise<AppendResult>[] = []
    for (const [index, batch] of batches.entries()) {
      const key = `${batch.partition}/${batch.topic}`
      const bytesMax = large[index]
      if (bytesMax === undefined && !this.#lines.has(key)) straight.push({ batch, index })
      else results[index] = this.#inLine(key, batch, bytesMax)
    }
    if (straight.length > 0) {
      const answered = this.#ports.inner.append(straight.map(({ batch }) => batch))
      for (const [n, { index }] of straight.entries())
        results[index] = answered.then((answers) => answers[n] ?? refusal(unanswered()))
    }
    return Promise.all(results)
  }

  /** From which size on values of the batch are kept aside; nothing: it goes as it is. */
  #bytesMaxOf(records: readonly NewRecord[]): number | undefined {
    const { rule } = this.#ports
    let most = 0
    for (const record of records) {
      if (isLarger(record, rule.valueBytesMax)) return valueBytesMaxFor(records, rule, BATCH_BYTES_MAX)
      most += (record.value?.length ?? 0) * 3
    }
    if (most <= BATCH_BYTES_MAX / 2) return undefined
    const bytesMax = valueBytesMaxFor(records, rule, BATCH_BYTES_MAX)
    return bytesMax < rule.valueBytesMax ? bytesMax : undefined
  }

  /** Puts the payloads side by side with those of the batches before; hands the batch over after them. */
  async #inLine(key: string, batch: AppendBatch, bytesMax: number | undefined): Promise<AppendResult> {
    const before = this.#lines.get(key)
    const handedOver = Promise.withResolvers<void>()
    this.#lines.set(key, handedOver.promise)
    try {
      const ready = bytesMax === undefined ? batch : await this.#kept(batch, bytesMax)
      await before
      if (ready instanceof OperationalError) return refusal(ready)
      const answered = this.#ports.inner.append([ready])
      this.#leave(key, handedOver)
      return (await answered)[0] ?? refusal(unanswered())
    } finally {
      await before
      this.#leave(key, handedOver)
    }
  }

  #leave(key: string, handedOver: PromiseWithResolvers<void>): void {
    handedOver.resolve()
    if (this.#lines.get(key) === handedOver.promise) this.#lines.delete(key)
  }

  /** The batch with claims in place of its large values, one after another; or why it cannot be stored. */
  async #kept(batch: AppendBatch, bytesMax: number): Promise<AppendBatch | OperationalError> {
    const { desk, rule, signal } = this.#ports
    const records: NewRecord[] = []
    if (batch.records.some((record) => isLarger(record, rule.payloadBytesMax))) return tooLarge(batch, rule)
    try {
      for (const record of batch.records) {
        const bytes = isLarger(record, bytesMax) ? bytesOf(record) : undefined
        const claim = bytes && (await desk.put(bytes, { attemptsMax: PUT_ATTEMPTS_MAX, signal }))
        records.push(claim ? claimRecord(record, claim) : record)
      }
      return { ...batch, records }
    } catch (error) {
      if (error instanceof OperationalError) return error
      throw error
    }
  }
}

/** Bytes of its own: whoever gave the record may change theirs once it is appended. */
function bytesOf({ value }: NewRecord): Uint8Array | undefined {
  if (value === null) return undefined
  return typeof value === 'string' ? Buffer.from(value) : new Uint8Array(value)
}

function refusal(error: OperationalError): AppendResult {
  return { kind: 'refused', error }
}

function tooLarge({ topic, records }: AppendBatch, { payloadBytesMax }: ClaimRule): OperationalError {
  const most = Math.max(...records.map(valueBytes))
  const message = `a value for ${topic} has ${most} bytes, at most ${payloadBytesMax}`
  return new OperationalError(RECORD_TOO_LARGE, message, { where: 'claim-check', retriable: false })
}

function unanswered(): OperationalError {
  return new OperationalError('no-answer', 'the broker gave no answer to a batch', {
    where: 'claim-check',
    retriable: true,
  })
}
