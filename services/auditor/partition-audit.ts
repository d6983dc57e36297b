/**
 * Audits one partition of the log, record by record.
 *
 * State: the histories of the sagas that live, which sagas have ended, and where the headers stand. A saga's history is
 * judged and dropped when it ends (see `histories.ts`).
 */
import { type AcceptedBatch, BatchReader, decodeBatchHeader, type PlacedEvent } from '../../shared/message/batch.ts'
import { messageOf } from '../../shared/message/errors.ts'
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import type { LockEnvelope } from '../../shared/message/lock-events.ts'
import type { LogRecord } from '../../shared/message/record.ts'
import { ChainAudit } from './chain-audit.ts'
import type { CommandLedger } from './command-ledger.ts'
import type { Findings } from './findings.ts'
import { Histories, type History } from './histories.ts'
import type { LockLedger } from './lock-ledger.ts'
import { MarkAudit } from './marks.ts'
import type { ParticipantLedger } from './participant-ledger.ts'
import type { SagaCounts } from './report.ts'
import { auditHistory, type Plans, restlessness } from './saga-audit.ts'
import { outlineOf } from './saga-outline.ts'
import type { SnapshotAudit } from './snapshot-audit.ts'
import type { ViewAudit } from './view-audit.ts'

/** What the audits of all partitions share. */
export interface AuditContext {
  readonly findings: Findings
  readonly plans: Plans
  readonly counts: SagaCounts
  readonly participants: ParticipantLedger
  readonly commands: CommandLedger | undefined
  readonly locks: LockLedger
  /** Nothing moves any more, and this is the time. */
  readonly atRest: { readonly now: number } | undefined
}

/** What was made of the log, and is held against it. */
export interface Against {
  readonly view: ViewAudit | undefined
  readonly snapshots: SnapshotAudit | undefined
}

const WITH_EFFECTS: ReadonlySet<SagaEvent['type']> = new Set([
  'step-requested',
  'compensation-requested',
  'parent-answered',
  'parent-refused',
])
const ENDS: ReadonlySet<SagaEvent['type']> = new Set(['saga-completed', 'saga-compensated', 'saga-killed'])
/** After these a saga may go on when it has ended. */
const MAY_GO_ON: ReadonlySet<SagaEvent['type']> = new Set(['step-rejected', 'saga-voided'])

export class PartitionAudit {
  readonly partition: number
  readonly marks: MarkAudit
  readonly chains: ChainAudit
  events = 0
  batches = 0
  /** Offset that the next record of the log will have. */
  nextOffset = 0n
  readonly #context: AuditContext
  readonly #view: ViewAudit | undefined
  readonly #snapshots: SnapshotAudit | undefined
  readonly #reader = new BatchReader()
  readonly #sagas = new Histories()
  /** Sagas with events that cannot be read: what their rows must be is not known. */
  readonly #unreadable = new Set<string>()
  #aheadAt: bigint | undefined
  #lastWithEffects = 0

  constructor(partition: number, context: AuditContext, against: Against) {
    this.partition = partition
    this.#context = context
    this.#view = against.view
    this.#snapshots = against.snapshots
    this.marks = new MarkAudit(partition, context.findings)
    this.chains = new ChainAudit(partition, context.findings)
  }

  get voidBatches(): number {
    return this.#reader.voidBatches
  }

  get strayRecords(): number {
    return this.#reader.strayRecords
  }

  /** Batches whose effects the log does not say to be sent. */
  get unsentBatches(): boolean {
    return this.#lastWithEffects > this.marks.last.sentThrough
  }

  /** Reader for what is appended after the audit of this partition: it goes on by the same rule. */
  get reader(): BatchReader {
    return this.#reader
  }

  take(record: LogRecord): void {
    this.nextOffset = record.offset + 1n
    if (record.key === null && this.#aheadAt === undefined) this.#look(record)
    const batch = this.#reader.read(record)
    if (batch) this.#takeBatch(batch)
  }

  /** The end of the log: what lives is judged as far as it has come. */
  close(): void {
    const { findings, commands } = this.#context
    this.#snapshots?.close()
    for (const [id, history] of this.#sagas.drain()) this.#judging(id, undefined, () => this.#judge(id, history))
    for (const id of this.#unreadable) this.#view?.leave(id)
    for (const kept of [this.#unreadable, this.chains]) kept.clear()
    commands?.settle(this.marks.last.sentThrough)
    this.#view?.close(this.nextOffset)
    if (this.#aheadAt === undefined) return
    const message = `a batch is numbered past the one that should follow: one that had landed is gone`
    findings.violation({ invariant: 'S20', message, partition: this.partition, offset: String(this.#aheadAt) })
  }

  /** An owner appends number n only when n - 1 has landed: a number further ahead tells that the log lost a batch. */
  #look(record: LogRecord): void {
    const header = decodeBatchHeader(record)
    if (header && header.number > this.#reader.nextNumber) this.#aheadAt = record.offset
  }

  #takeBatch(batch: AcceptedBatch): void {
    this.batches++
    this.marks.take(batch)
    const inView = this.#view?.takeBatch(batch) ?? false
    for (const placed of batch.events) {
      const { offset, decoded } = placed
      this.events++
      this.#takeLink(placed, batch.header.format)
      const { number } = batch.header
      if (decoded.kind === 'event')
        this.#judging(decoded.envelope.sagaId, offset, () =>
          this.#takeEvent(decoded.envelope, { offset, inView, number }),
        )
      else if (decoded.kind === 'lock')
        this.#judging(decoded.envelope.lockId, offset, () => this.#takeLock(decoded.envelope, number))
      else this.#takeUnreadable(decoded, offset)
    }
    this.#snapshots?.take(batch, { histories: this.#sagas, unreadable: this.#unreadable })
  }

  /** An event that lacks what its type must have is found here, and stops nothing: the others are judged. */
  #judging(saga: string, offset: bigint | undefined, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#unreadable.add(saga)
      const where = { partition: this.partition, ...(offset === undefined ? {} : { offset: String(offset) }) }
      const message = `its events cannot be judged: ${messageOf(error)}`
      this.#context.findings.violation({ invariant: 'S3', message, saga, ...where })
    }
  }

  /** What follows an end is a violation of its own. */
  #takeLink(placed: PlacedEvent, format: number): void {
    const { decoded } = placed
    if (decoded.kind === 'lock') {
      const { lockId } = decoded.envelope
      this.chains.take(lockId, placed, { format, lockIsFree: this.#context.locks.isFree(lockId) })
      return
    }
    const id = decoded.kind === 'event' ? decoded.envelope.sagaId : decoded.sagaId
    if (id !== undefined && !this.#sagas.hasEnded(id)) this.chains.take(id, placed, { format })
  }

  #takeLock(envelope: LockEnvelope, number: number): void {
    const { type } = envelope.event
    if (type === 'lock-granted' || type === 'lock-refused') this.#lastWithEffects = number
    this.#context.locks.take(envelope, this.partition)
  }

  #takeUnreadable(
    { sagaId, why }: { readonly sagaId: string | undefined; readonly why: string },
    offset: bigint,
  ): void {
    const where = {
      partition: this.partition,
      offset: String(offset),
      ...(sagaId === undefined ? {} : { saga: sagaId }),
    }
    if (sagaId !== undefined) this.#unreadable.add(sagaId)
    this.#context.findings.violation({ invariant: 'S3', message: `an event cannot be read: ${why}`, ...where })
  }

  #takeEvent(envelope: EventEnvelope, at: { offset: bigint; inView: boolean; number: number }): void {
    const { sagaId, event, seq } = envelope
    if (this.#sagas.hasEnded(sagaId)) {
      const message = `${event.type} with seq ${seq} follows the end of the saga`
      const where = { partition: this.partition, offset: String(at.offset) }
      this.#context.findings.violation({ invariant: 'S1', message, saga: sagaId, ...where })
      return
    }
    const live = this.#sagas.of(sagaId)
    live.events.push(envelope)
    live.offsets.push(at.offset)
    if (at.inView) {
      live.inView++
      live.offsetsInView += at.offset
    }
    live.kept ||= MAY_GO_ON.has(event.type) || ('parent' in event && event.parent !== undefined)
    if ('lock' in event && event.lock) this.#context.locks.asked(sagaId)
    if (ENDS.has(event.type)) this.#context.locks.ended(sagaId)
    if (WITH_EFFECTS.has(event.type)) {
      this.#lastWithEffects = at.number
      this.#context.commands?.asked(envelope, at.number)
    } else if (ENDS.has(event.type)) this.#end(sagaId, live)
  }

  #end(id: string, history: History): void {
    if (history.kept) {
      this.#sagas.pack(id)
      return
    }
    this.#sagas.end(id)
    this.chains.forget(id)
    this.#judge(id, history)
  }

  #judge(id: string, live: History): void {
    const { findings, plans, counts, participants, atRest } = this.#context
    const outline = outlineOf(live.events)
    const found = [...auditHistory(live.events, outline, plans)]
    const restless = atRest && restlessness(outline, atRest.now)
    if (restless) found.push(restless)
    for (const { seq, ...violation } of found) {
      const offset = seq === undefined ? undefined : live.offsets[live.events.findIndex((event) => event.seq === seq)]
      const where = { partition: this.partition, ...(offset === undefined ? {} : { offset: String(offset) }) }
      findings.violation({ ...violation, saga: id, ...where })
    }
    counts.total++
    counts[outline.status === 'compensating' || outline.status === 'paused' ? 'running' : outline.status]++
    participants.expect(id, outline)
    const inOrder = !this.#unreadable.has(id) && !found.some(({ invariant }) => invariant === 'S1')
    this.#view?.compare(id, live, inOrder)
  }
}
