/**
 * S24 over one partition: each event is held against the hash of the event before it, of the same saga or lock. Where one
 * does not fit, that is told once, and those after it are judged by what it carries.
 */
import type { PlacedEvent } from '../../shared/message/batch.ts'
import { linkOf, lockLinkOf } from '../../shared/runtime/event-chain.ts'
import type { Findings } from './findings.ts'

export class ChainAudit {
  /** Events that carry a hash, and those of an older log that do not. */
  chained = 0
  unchained = 0
  readonly #partition: number
  readonly #findings: Findings
  /** Hash of the newest event, by saga and lock. */
  readonly #newest = new Map<string, string>()

  constructor(partition: number, findings: Findings) {
    this.#partition = partition
    this.#findings = findings
  }

  /** Takes the next event of a saga; of a lock with whether it is free before the event. */
  take(id: string, { record, offset, decoded }: PlacedEvent, how: { format: number; lockIsFree?: boolean }): void {
    const { format, lockIsFree } = how
    const expected = { before: this.#newest.get(id), format }
    const link =
      lockIsFree === undefined
        ? linkOf(expected, record)
        : lockLinkOf(expected, record, { isFree: lockIsFree, mayBeForgotten: false })
    if (link.chain === undefined) this.unchained++
    else {
      this.chained++
      this.#newest.set(id, link.chain)
    }
    if (link.kind === 'holds') return
    const message = decoded.kind === 'unreadable' ? link.why : `event ${decoded.envelope.seq}: ${link.why}`
    this.#findings.violation({
      ...{ invariant: 'S24', message, saga: id },
      ...{ partition: this.#partition, offset: String(offset) },
    })
  }

  /** Nothing may follow in that saga. */
  forget(id: string): void {
    this.#newest.delete(id)
  }

  clear(): void {
    this.#newest.clear()
  }
}
