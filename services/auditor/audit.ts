/**
 * The auditor: reads a log, the views of it and the participants' tables, and says which invariants hold on them.
 * It changes nothing, joins no group, and shares no code with what decides; none with what folds but where it folds the log
 * anew to hold snapshots against it.
 *
 * In order, so that a system which goes on meanwhile does no harm: of each partition first the rows of the views and
 * the snapshots, then the log; then the participants' commands, their rows, the dead letters; and last what the log has got since.
 */
import type { Kysely } from 'kysely'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { messageOf, OperationalError } from '../../shared/message/errors.ts'
import { type KasagaTopics, participantTopic } from '../../shared/message/topics.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import type { Log } from '../../shared/ports/telemetry.ts'
import type { Definitions } from '../../shared/saga/definition.ts'
import { CommandLedger } from './command-ledger.ts'
import { auditDeadLetters } from './dead-letter-audit.ts'
import { Findings } from './findings.ts'
import { LockLedger } from './lock-ledger.ts'
import { type LogTail, readTail } from './log-tail.ts'
import { type ParticipantAudit, ParticipantLedger } from './participant-ledger.ts'
import { type AuditContext, PartitionAudit } from './partition-audit.ts'
import type { AuditReport } from './report.ts'
import { Plans } from './saga-audit.ts'
import { sayWhatWasChecked } from './scope.ts'
import { SnapshotAudit } from './snapshot-audit.ts'
import { nameUnsent } from './unsent-commands.ts'
import { ViewAudit } from './view-audit.ts'
import { readPartitionRows, readStrayRows } from './view-rows.ts'

export interface AuditOptions {
  readonly broker: Broker
  readonly topics: KasagaTopics
  /** A store with the views; absent: they are not audited. */
  readonly views?: { readonly db: Kysely<ViewTables> }
  readonly participants?: readonly ParticipantAudit[]
  /** Plans of the sagas; without them, what only the plan tells is not checked. */
  readonly definitions?: Definitions
  /** Holds the participants' command topics against the log, for about 40 bytes of memory a command. */
  readonly commands?: boolean
  /** Nothing is under way, and this is the time: sagas that are left half-way, and commands not sent, are violations. */
  readonly atRest?: { readonly now: number }
  readonly log: Log
  onProgress?(progress: AuditProgress): void
}

export interface AuditProgress {
  readonly partition: number
  readonly partitions: number
  /** Of all partitions. */
  readonly events: number
  /** Of the log that have been read, and that it had when the audit began: headers of batches are records too. */
  readonly records: number
  readonly recordsTotal: number
}

/**
 * Audits a whole installation. Memory: the histories of live sagas; about 100 bytes for each ended saga of the partition
 * at hand, and 100 more for each saga and participant.
 * @throws OperationalError when something could not be read: `log-truncated` when the log lacks its beginning.
 */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  return new Audit(options).run()
}

class Audit {
  readonly #options: AuditOptions
  readonly #findings = new Findings()
  readonly #context: AuditContext
  readonly #partitions: PartitionAudit[] = []
  #compared = 0
  #viewsBehind = 0
  #inSnapshots = 0
  #snapshots = 0

  constructor(options: AuditOptions) {
    this.#options = options
    const { definitions, participants = [], atRest, topics, commands } = options
    const findings = this.#findings
    const sent = { findings, replyTo: topics.replies, allSent: atRest !== undefined }
    this.#context = {
      findings,
      plans: new Plans(definitions),
      counts: { total: 0, completed: 0, compensated: 0, stuck: 0, failed: 0, running: 0 },
      participants: new ParticipantLedger(participants, findings),
      commands: commands ? new CommandLedger(sent) : undefined,
      locks: new LockLedger(findings),
      atRest,
    }
  }

  async run(): Promise<AuditReport> {
    const { broker, topics } = this.#options
    await this.#readLog()
    this.#context.locks.close(this.#options.atRest !== undefined)
    await this.#checkMarks()
    const commands = await this.#readCommands()
    const unknown = await this.#readParticipants()
    const deadLettered = this.#sum(({ marks }) => marks.deadLettered)
    const deadLetters = await auditDeadLetters({ broker, topics, findings: this.#findings }, deadLettered)
    if (commands || unknown.length > 0)
      this.#judgeUnknown(await readTail(broker, topics.events, this.#partitions), unknown)
    return this.#report(deadLetters)
  }

  async #readLog(): Promise<void> {
    const { broker, topics, views, onProgress } = this.#options
    const all = await broker.offsets(topics.events)
    const recordsTotal = all.reduce((sum, { end }) => sum + Number(end), 0)
    let records = 0
    const tell = (partition: number) => {
      const events = this.#sum((one) => one.events)
      onProgress?.({
        partition,
        partitions: all.length,
        events,
        records,
        recordsTotal: Math.max(records, recordsTotal),
      })
    }
    for (const { partition, start } of all) {
      if (start > 0n) throw trouble('log-truncated', `${topics.events}/${partition} begins at ${start}, not at 0`)
      const rows = views && (await this.#reading(() => readPartitionRows(views.db, partition)))
      const view = rows && new ViewAudit(partition, rows, this.#findings)
      const snapshots = await this.#readSnapshots(partition)
      const own = new PartitionAudit(partition, this.#context, { view, snapshots })
      this.#partitions.push(own)
      for await (const some of broker.read(topics.events, partition, 0n)) {
        for (const record of some) own.take(record)
        records += some.length
        tell(partition)
      }
      own.close()
      this.#compared += view?.compared ?? 0
      this.#viewsBehind += view?.behind ?? 0
      this.#inSnapshots += snapshots?.sagas ?? 0
      this.#snapshots += snapshots?.snapshots ?? 0
      this.#options.log.debug('audited a partition of the log', { partition, events: own.events })
    }
    if (!views) return
    for (const { table, saga } of await this.#reading(() => readStrayRows(views.db, all.length)))
      this.#findings.violation({ invariant: 'S16', message: `view: a row of ${table} belongs to no saga`, saga })
  }

  /** Before the log, which can only be further then. */
  async #readSnapshots(partition: number): Promise<SnapshotAudit | undefined> {
    const { broker, topics } = this.#options
    const [found] = await broker.describeTopics([topics.snapshots])
    if (!found) return undefined
    const snapshots = new SnapshotAudit(partition, this.#findings)
    await snapshots.read(broker, topics.snapshots)
    return snapshots
  }

  /** S12: nothing is consumed that is not there. */
  async #checkMarks(): Promise<void> {
    const { broker, topics } = this.#options
    for (const source of ['commands', 'replies'] as const) {
      for (const { partition, end } of await broker.offsets(topics[source])) {
        const mark = this.#partitions[partition]?.marks.last[source] ?? 0n
        if (mark <= end) continue
        const message = `${source} are consumed up to ${mark}, and the topic ends at ${end}`
        this.#findings.violation({ invariant: 'S12', message, partition })
      }
    }
  }

  async #readCommands(): Promise<boolean> {
    const { broker } = this.#options
    const ledger = this.#context.commands
    for (const participant of ledger?.participants ?? []) {
      const topic = participantTopic(participant)
      const [found] = await broker.describeTopics([topic])
      const offsets = found ? await broker.offsets(topic) : []
      for (const { partition, start } of offsets)
        for await (const records of broker.read(topic, partition, start))
          for (const record of records) ledger?.sent(record, participant)
      if (found && offsets.every(({ start }) => start === 0n)) ledger?.expectSent(participant)
      else this.#findings.notChecked.push({ id: 'S10', why: `${topic} is ${found ? 'not kept whole' : 'missing'}` })
    }
    if (ledger && ledger.unsent.size > 0) {
      const partitions = this.#partitions.map(({ partition }) => partition)
      await nameUnsent(broker, this.#options.topics.events, { partitions, ledger })
    }
    return (ledger?.unasked.size ?? 0) > 0
  }

  async #readParticipants(): Promise<readonly (readonly [participant: string, saga: string])[]> {
    const all: (readonly [string, string])[] = []
    for (const participant of this.#options.participants ?? []) {
      const { name } = participant
      const { rows, unknown } = await this.#reading(() => this.#context.participants.meet(participant))
      for (const saga of unknown) all.push([name, saga])
      this.#findings.checked.push({ id: 'S8', over: rows, of: `orders of ${name}` })
    }
    return all
  }

  #judgeUnknown(tail: LogTail, rows: readonly (readonly [participant: string, saga: string])[]): void {
    for (const [name, saga] of rows) {
      if (tail.sagas.has(saga)) continue
      this.#findings.violation({ invariant: 'S8', message: `${name}: a row of an order that no saga knows`, saga })
    }
    for (const [id, { where }] of this.#context.commands?.unasked ?? []) {
      if (tail.commands.has(id)) continue
      const saga = id.slice(0, Math.max(0, id.indexOf('/')))
      this.#findings.violation({ invariant: 'S10', message: `no event asks for the command ${id} ${where}`, saga })
    }
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof OperationalError) throw error
      throw trouble('store-unreadable', messageOf(error), error)
    }
  }

  #sum(of: (partition: PartitionAudit) => number): number {
    return this.#partitions.reduce((sum, partition) => sum + of(partition), 0)
  }

  #report(deadLetters: AuditReport['deadLetters']): AuditReport {
    const { counts, plans, commands } = this.#context
    const findings = this.#findings
    const [events, batches] = [this.#sum((one) => one.events), this.#sum((one) => one.batches)]
    sayWhatWasChecked(this.#options, findings, {
      sagas: counts.total,
      unplanned: plans.unplanned,
      batches,
      chained: this.#sum(({ chains }) => chains.chained),
      unchained: this.#sum(({ chains }) => chains.unchained),
      rows: this.#compared,
      viewsBehind: this.#viewsBehind,
      inSnapshots: this.#snapshots > 0 ? this.#inSnapshots : undefined,
      sends: commands?.sends ?? 0,
      toChildren: commands?.toChildren ?? 0,
      locks: this.#context.locks.size,
      killed: counts.failed,
      unaccounted: this.#partitions.reduce((sum, { marks }) => sum + marks.unaccounted, 0n),
      unsent: this.#partitions.filter(({ unsentBatches }) => unsentBatches).map(({ partition }) => partition),
    })
    return {
      clean: findings.total === 0,
      sagas: counts,
      events,
      batches,
      voidBatches: this.#sum((one) => one.voidBatches),
      strayRecords: this.#sum((one) => one.strayRecords),
      deadLetters,
      violations: findings.listed,
      violationsTotal: findings.total,
      violationsByInvariant: findings.byInvariant,
      checked: findings.checked,
      notChecked: findings.notChecked,
      notes: findings.notes,
    }
  }
}

function trouble(code: string, message: string, cause?: unknown): OperationalError {
  return new OperationalError(code, message, { where: 'auditor', retriable: code !== 'log-truncated', cause })
}
