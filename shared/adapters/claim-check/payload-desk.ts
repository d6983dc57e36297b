/**
 * Payloads in and out of the store, with patience: what the claim check's two directions share.
 *
 * State: the cache, and whether the store is in trouble, which the log hears once, and once more when it is over.
 * Trouble of the store is waited out; a payload that is missing, damaged or larger than any may be is told at once.
 */
import { type Claim, PAYLOAD_BYTES_MAX, type PayloadId } from '../../message/claim.ts'
import { messageOf, OperationalError } from '../../message/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { PayloadStore } from '../../ports/payload-store.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import { PayloadCache } from './payload-cache.ts'

export interface DeskPorts {
  readonly store: PayloadStore
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** How long trouble is waited out: so many attempts, or until the signal fires. */
export interface Patience {
  readonly attemptsMax: number
  readonly signal: AbortSignal
}

const CACHE_BYTES_MAX = 64 * 1024 * 1024
const RETRY_DELAY_MIN_MS = 50
const RETRY_DELAY_MAX_MS = 5_000

export class PayloadDesk {
  readonly #ports: DeskPorts
  readonly #cache = new PayloadCache(CACHE_BYTES_MAX)
  #inTrouble = false

  constructor(ports: DeskPorts) {
    this.#ports = ports
  }

  /** Keeps a payload, durably. @throws OperationalError, retriable, when patience is at its end. */
  async put(bytes: Uint8Array, patience: Patience): Promise<Claim> {
    const id = await this.#patiently(patience, () => this.#ports.store.put(bytes))
    this.#cache.keep(id, bytes)
    this.#ports.metrics.count('kasaga_payloads_stored_total')
    this.#ports.metrics.count('kasaga_payload_stored_bytes_total', {}, bytes.length)
    return { id, bytes: bytes.length }
  }

  /**
   * The payload of a claim, or nothing where it never can be read.
   * @throws OperationalError, retriable, when patience is at its end.
   */
  async fetch(claim: Claim, patience: Patience): Promise<Uint8Array | undefined> {
    if (claim.bytes > PAYLOAD_BYTES_MAX) return this.#unreadable(claim, 'too-large')
    const bytes = this.#cache.get(claim.id) ?? (await this.#read(claim.id, patience))
    if (typeof bytes === 'string') return this.#unreadable(claim, bytes)
    return bytes.length === claim.bytes ? bytes : this.#unreadable(claim, 'damaged')
  }

  async #read(id: PayloadId, patience: Patience): Promise<Uint8Array | 'missing' | 'damaged'> {
    const found = await this.#patiently(patience, () => this.#ports.store.get(id))
    if (found.kind !== 'found') return found.kind
    this.#cache.keep(id, found.bytes)
    this.#ports.metrics.count('kasaga_payloads_fetched_total')
    return found.bytes
  }

  #unreadable({ id, bytes }: Claim, reason: 'missing' | 'damaged' | 'too-large'): undefined {
    this.#ports.metrics.count('kasaga_payload_fetch_failures_total', { reason })
    this.#ports.log.error('a payload cannot be read', { payload: id, bytes, reason })
  }

  async #patiently<T>(patience: Patience, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if (patience.signal.aborted) throw stopped()
      try {
        const done = await work()
        this.#settled()
        return done
      } catch (error) {
        if (!(error instanceof OperationalError)) throw error
        this.#troubled(error)
        if (attempt >= patience.attemptsMax) throw error
        await this.#pause(attempt, patience.signal)
      }
    }
  }

  #troubled(error: OperationalError): void {
    this.#ports.metrics.count('kasaga_payload_fetch_failures_total', { reason: 'unavailable' })
    if (this.#inTrouble) return
    this.#inTrouble = true
    this.#ports.log.error('the payload store is in trouble: what needs it waits', { error: messageOf(error) })
  }

  #settled(): void {
    if (!this.#inTrouble) return
    this.#inTrouble = false
    this.#ports.log.info('the payload store answers again')
  }

  #pause(attempt: number, signal: AbortSignal): Promise<void> {
    const delayMs = Math.min(RETRY_DELAY_MAX_MS, RETRY_DELAY_MIN_MS * 2 ** Math.min(attempt - 1, 10))
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.schedule(delayMs, () => end())
      const end = () => {
        cancel()
        signal.removeEventListener('abort', end)
        resolve()
      }
      signal.addEventListener('abort', end)
    })
  }
}

function stopped(): OperationalError {
  return new OperationalError('stopped', 'the payload is not needed any more', {
    where: 'claim-check',
    retriable: true,
  })
}
