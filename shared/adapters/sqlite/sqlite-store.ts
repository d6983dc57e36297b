/**
 * The log kept in one SQLite file. In memory: the topics, and start and end of every partition. These are changed only
 * after a commit, and read again from the file when a commit did not say how it ended.
 *
 *     sound --a write fails--> in trouble --a sync succeeds--> sound
 *       \--a sync fails--> in doubt, and in trouble: nothing is written --all was made durable anew--> sound
 *
 * In trouble what is in memory is read again, before the next write at the latest. The connection stays, because it takes
 * a failed commit back. A sync that has failed is not asked for again: the pages that it was about are clean for the system
 * now, on the disk or not. So in doubt the write-ahead log is written over with itself, and synced as a whole.
 * Guarantees: what `write` answers as stored is in the file, all of the turn in one transaction, and outlives the process;
 * what was stored before a `sync` that succeeds outlives a loss of power.
 */
import { assert, OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import type { TopicDescription, TopicSpec } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type {
  LogStore,
  PartitionWrite,
  Place,
  StoredWrite,
  SyncMoment,
  WriteResult,
  WriteTurn,
} from '../in-process/log-store.ts'
import { AcknowledgedEnds, acknowledgedEnds, type PartitionEnd } from './acknowledged-ends.ts'
import { decodeBlob, encodeBlob } from './batch-blob.ts'
import { checksum, corrupt, recordsOf } from './batch-row.ts'
import type { BatchRow, LogFile, TopicRow } from './log-file.ts'
import { classify, isFull, WHERE } from './sqlite-errors.ts'

/** One read goes on to the next row until it has this much. */
const READ_RECORDS_MIN = 500
const READ_BYTES_MIN = 1_000_000
/** How long a record of a compacted topic stays that says that its key is gone. */
const GONE_STAYS_MS = 86_400_000

interface Bounds {
  start: number
  end: number
}

interface Topic {
  readonly row: TopicRow
  readonly bounds: Bounds[]
}

export interface SqliteStoreParts {
  readonly file: LogFile
  readonly clock: Clock
  /** File that tells where each partition ended when it was last written. */
  readonly endsPath: string
  /** Told each time that a write fails, with why, and of the next one that succeeds. */
  readonly onWrite?: ((trouble: OperationalError | undefined) => void) | undefined
}

export class SqliteStore implements LogStore {
  readonly where = WHERE
  readonly #file: LogFile
  readonly #clock: Clock
  readonly #topics = new Map<string, Topic>()

  readonly #acknowledged: AcknowledgedEnds
  readonly #onWrite: (trouble: OperationalError | undefined) => void
  #inTrouble = false
  /** What is in memory may not be what the file says. */
  #isUnsure = false
  /** Why what was stored may be lost, although it stands in the file. */
  #doubt: OperationalError | undefined

  /** @throws OperationalError `log-corrupt`, or `log-cut` where the log ends before what was acknowledged. */
  constructor({ file, clock, endsPath, onWrite = () => {} }: SqliteStoreParts) {
    this.#file = file
    this.#onWrite = onWrite
    this.#clock = clock
    for (const row of file.topics()) this.#topics.set(row.name, this.#load(row))
    this.#refuseShorter(acknowledgedEnds(endsPath))
    this.#acknowledged = new AcknowledgedEnds(endsPath)
    this.#keepAllEnds()
    this.#acknowledged.write()
  }

  topic(name: string): TopicDescription | undefined {
    const found = this.#topics.get(name)
    return found && { name, partitions: found.row.partitions }
  }

  createTopic(spec: TopicSpec): void {
    try {
      const row = this.#file.insertTopic(spec)
      this.#topics.set(row.name, this.#load(row))
    } catch (error) {
      throw classify(error, `creating the topic ${spec.name}`)
    }
  }

  start(place: Place): bigint {
    return BigInt(this.#at(place).bounds.start)
  }

  end(place: Place): bigint {
    return BigInt(this.#at(place).bounds.end)
  }

  /** In order: begin, one row a partition, checkpoints, commit, then the ends in memory. */
  write(turn: WriteTurn): WriteResult {
    if (this.#doubt) return { kind: 'refused', error: this.#doubt }
    let committing = false
    try {
      if (this.#isUnsure) this.#reload()
      this.#file.begin()
      const rows = turn.writes.map((write) => this.#insertAll(write))
      for (const { group, topic, partition, next } of turn.checkpoints)
        this.#file.upsertCheckpoint(group, this.#at({ topic, partition }).row.id, partition, Number(next))
      committing = true
      this.#file.commit()
      const stored = turn.writes.map((write, i) => this.#stored(write, rows[i] ?? []))
      return { kind: 'stored', stored }
    } catch (error) {
      return this.#failed(error, committing)
    }
  }

  /** Then the ends are noted beside the log, as they were when it began. */
  async sync(moment: SyncMoment): Promise<void> {
    if (this.#doubt) throw this.#doubt
    const ends = this.#ends()
    try {
      await this.#file.sync(moment)
    } catch (cause) {
      this.#doubt = classify(cause, 'making the log durable')
      this.#inTrouble = true
      this.#onWrite(this.#doubt)
      throw this.#doubt
    }
    for (const end of ends) this.#acknowledged.keep(end)
    this.#acknowledged.write()
    this.#settled()
  }

  /** Where it is in trouble, tries whether the disk takes anything again: trouble ends also while nobody writes. */
  probe(): void {
    if (!this.#inTrouble) return
    try {
      this.#file.syncAnew()
      this.#doubt = undefined
      this.#reload()
      this.#file.touch()
      this.#file.syncAnew()
      this.#keepAllEnds()
      this.#acknowledged.write()
      this.#settled()
    } catch (error) {
      this.#onWrite(classify(error, 'trying the log'))
    }
  }

  read(place: Place, from: bigint): readonly LogRecord[] {
    const { row, bounds } = this.#at(place)
    if (Number(from) >= bounds.end) return []
    try {
      return this.#readRows(row, place, Number(from))
    } catch (error) {
      if (error instanceof OperationalError) throw error
      if (error instanceof RangeError) throw corrupt(place, Number(from), 'it cannot be decoded', error)
      const trouble = classify(error, `reading ${place.topic}/${place.partition}`)
      throw trouble.code === 'log-corrupt' ? corrupt(place, Number(from), 'the file is damaged', error) : trouble
    }
  }

  checkpoint(group: string, place: Place): bigint | undefined {
    const { row } = this.#at(place)
    try {
      const next = this.#file.checkpoint(group, row.id, place.partition)
      return next === undefined ? undefined : BigInt(next)
    } catch (error) {
      throw classify(error, `reading the checkpoint of ${group}`)
    }
  }

  /** Removes up to so many batches whose time is over in each partition; answers whether there may be more. */
  expire(batches: number): boolean {
    if (this.#doubt) throw this.#doubt
    let more = false
    for (const { row, bounds } of this.#topics.values()) {
      if (row.compacted) more = this.#expireGone(row, batches) || more
      if (row.retentionDays === null) continue
      const timestamp = Math.floor(this.#clock.now() - row.retentionDays * 86_400_000)
      bounds.forEach((b, part) => {
        const removed = this.#file.deleteBefore(row.id, part, { timestamp, batches })
        if (removed > 0) b.start = this.#file.bounds(row.id, part).start
        more ||= removed === batches
      })
    }
    return more
  }

  close(): void {
    this.#acknowledged.close()
    this.#file.close()
  }

  #keepAllEnds(): void {
    for (const end of this.#ends()) this.#acknowledged.keep(end)
  }

  #ends(): PartitionEnd[] {
    return [...this.#topics.values()].flatMap(({ row, bounds }) =>
      bounds.map(({ end }, part) => ({ topic: row.id, part, end })),
    )
  }

  #refuseShorter(acknowledged: readonly PartitionEnd[]): void {
    const topics = new Map([...this.#topics.values()].map((topic) => [topic.row.id, topic]))
    for (const { topic: id, part, end } of acknowledged) {
      const topic = topics.get(id)
      const found = topic?.bounds[part]?.end ?? 0
      if (topic && found >= end) continue
      const where = topic ? `${topic.row.name}/${part} ends at offset ${found}` : `its topic ${id} is gone`
      const why = `the log has lost what it acknowledged: ${where}, and had come to ${end}`
      throw new OperationalError('log-cut', why, { where: WHERE, retriable: false })
    }
  }

  #at(place: Place): { row: TopicRow; bounds: Bounds } {
    const topic = this.#topics.get(place.topic)
    const bounds = topic?.bounds[place.partition]
    assert(topic !== undefined && bounds !== undefined, `no partition ${place.topic}/${place.partition}`)
    return { row: topic.row, bounds }
  }

  #expireGone({ id, partitions }: TopicRow, records: number): boolean {
    const timestamp = Math.floor(this.#clock.now() - GONE_STAYS_MS)
    let more = false
    for (let part = 0; part < partitions; part++)
      more = this.#file.deleteGone(id, part, { timestamp, records }) === records || more
    return more
  }

  /** In a compacted topic what is gone leaves no trace: all offsets before its end can be asked for. */
  #load(row: TopicRow): Topic {
    const boundsOf = (part: number): Bounds => {
      const bounds = this.#file.bounds(row.id, part)
      return row.compacted ? { ...bounds, start: 0 } : bounds
    }
    return { row, bounds: Array.from({ length: row.partitions }, (_, part) => boundsOf(part)) }
  }

  /** One row; in a compacted topic one for each record, so that it can go alone. */
  #insertAll(write: PartitionWrite): BatchRow[] {
    const { row, bounds } = this.#at(write)
    if (!row.compacted) return [this.#insert(write, bounds.end)]
    return write.records.map((record, i) => {
      const inserted = this.#insert({ ...write, records: [record] }, bounds.end + i)
      const { topic, part, base, timestamp } = inserted
      const goneAt = record.value === null ? timestamp : null
      if (record.key !== null) this.#file.putNewest({ topic, part, key: Buffer.from(record.key), base, goneAt })
      return inserted
    })
  }

  #insert(write: PartitionWrite, base: number): BatchRow {
    const { row } = this.#at(write)
    const part = { topic: row.id, part: write.partition, base, count: write.records.length }
    const unsigned = { ...part, timestamp: this.#clock.now(), bytes: encodeBlob(write.records) }
    const batch = { ...unsigned, crc: checksum(unsigned) }
    this.#file.insertBatch(batch)
    return batch
  }

  #stored({ topic, partition }: PartitionWrite, rows: readonly BatchRow[]): StoredWrite {
    const [first] = rows
    assert(first !== undefined, 'every write has its rows')
    const base = BigInt(first.base)
    const count = rows.reduce((sum, row) => sum + row.count, 0)
    this.#at({ topic, partition }).bounds.end = first.base + count
    let records: readonly LogRecord[] | undefined
    const decode = ({ bytes, base, count, timestamp }: BatchRow) =>
      decodeBlob(bytes as Buffer, { topic, partition, base: BigInt(base), count, timestamp })
    return {
      topic,
      partition,
      base,
      count,
      records() {
        records ??= rows.flatMap(decode)
        return records
      },
    }
  }

  /**
   * Before the commit nothing was stored, nor where there was no room for the end of what it writes. Any other commit that
   * failed may have reached the disk: a crash now could bring it back.
   */
  #failed(cause: unknown, committing: boolean): WriteResult {
    const error = classify(cause, 'writing the log')
    this.#inTrouble = true
    this.#isUnsure = true
    this.#onWrite(error)
    try {
      this.#reload()
    } catch {
      // Before the next write, then.
    }
    return { kind: committing && !isFull(cause) ? 'unknown' : 'refused', error }
  }

  /** Drops what is in memory, and takes what the file says. */
  #reload(): void {
    this.#file.abandon()
    for (const [name, { row }] of this.#topics) this.#topics.set(name, this.#load(row))
    this.#isUnsure = false
  }

  #settled(): void {
    if (!this.#inTrouble) return
    this.#inTrouble = false
    this.#onWrite(undefined)
  }

  #readRows({ id, compacted }: TopicRow, place: Place, from: number): LogRecord[] {
    const { partition } = place
    const rows = compacted ? this.#file.rowsFrom(id, partition, from) : this.#file.batchesFrom(id, partition, from)
    const records: LogRecord[] = []
    let bytes = 0
    for (const row of rows) {
      for (const record of recordsOf(row, place, compacted ? row.base : from + records.length)) records.push(record)
      bytes += row.bytes.length
      if (records.length >= READ_RECORDS_MIN || bytes >= READ_BYTES_MIN) break
    }
    if (records.length === 0) throw corrupt(place, from, 'its batch is missing')
    return records
  }
}
