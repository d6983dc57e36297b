/** Locks over all partitions: each by its own events, and at rest none of a saga that has ended. */
import { LockReader } from '../../shared/lock/lock-invariants.ts'
import type { LockId } from '../../shared/message/ids.ts'
import type { LockEnvelope } from '../../shared/message/lock-events.ts'
import type { Findings } from './findings.ts'

export class LockLedger {
  readonly #findings: Findings
  readonly #reader = new LockReader()
  readonly #partitionOf = new Map<string, number>()
  /** Sagas that have asked for a lock, and whether they have ended. */
  readonly #sagas = new Map<string, boolean>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** How many locks the log knows. */
  get size(): number {
    return this.#partitionOf.size
  }

  /** Whether nobody holds it or waits for it, as far as the log has been read. */
  isFree(lock: LockId): boolean {
    return this.#reader.isFree(lock)
  }

  take(envelope: LockEnvelope, partition: number): void {
    this.#partitionOf.set(envelope.lockId, partition)
    for (const { invariant, message, seq } of this.#reader.read(envelope))
      this.#say(envelope.lockId, invariant, `event ${seq}, ${message}`)
  }

  asked(saga: string): void {
    if (!this.#sagas.has(saga)) this.#sagas.set(saga, false)
  }

  ended(saga: string): void {
    if (this.#sagas.has(saga)) this.#sagas.set(saga, true)
  }

  /** All partitions have been read. At rest what a saga had asked for is free once it has ended. */
  close(atRest: boolean): void {
    for (const { lock, invariant, message } of this.#reader.atEnd()) this.#say(lock, invariant, message)
    if (!atRest) return
    for (const { lock, saga, holds } of this.#reader.open())
      if (this.#sagas.get(saga) === true)
        this.#say(lock, 'S26', `${saga} has ended, and ${holds ? 'holds it' : 'waits for it'}`)
  }

  #say(lock: string, invariant: string, message: string): void {
    this.#findings.violation({ invariant, message, saga: lock, partition: this.#partitionOf.get(lock) ?? 0 })
  }
}
