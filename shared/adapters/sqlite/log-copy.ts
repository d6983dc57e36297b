/**
 * A log written anew from another one, into a folder that has none: each record at the offset and with the time that it had, which
 * appending could not do. Nobody may have the folder open meanwhile.
 */
import { join } from 'node:path'
import { OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import { contentBytesBound } from '../../message/record-bytes.ts'
import type { TopicSpec } from '../../ports/broker.ts'
import type { Place } from '../in-process/log-store.ts'
import { encodeBlob } from './batch-blob.ts'
import { checksum } from './batch-row.ts'
import { LogFile, type TopicRow } from './log-file.ts'
import { WHERE } from './sqlite-errors.ts'

/** What one row holds at most, unless a single record has more. */
const ROW_RECORDS_MAX = 500
const ROW_BYTES_MAX = 1_000_000
/** Bytes that are written in one transaction. */
const COMMIT_BYTES = 32_000_000

export class LogCopy {
  readonly #file: LogFile
  readonly #topics = new Map<string, TopicRow>()
  /** Offset that the next record of each partition must have. */
  readonly #next = new Map<string, bigint>()
  #openBytes = 0
  #isOpen = false

  /** @param directory is there, and has no log */
  constructor(directory: string) {
    this.#file = new LogFile(join(directory, 'log.db'), undefined)
  }

  createTopic(spec: TopicSpec): void {
    this.#commit()
    this.#topics.set(spec.name, this.#file.insertTopic(spec))
  }

  /** Records that follow on those of the partition before; the first may stand at any offset. */
  put(place: Place, records: readonly LogRecord[]): void {
    let row: LogRecord[] = []
    let bytes = 0
    for (const record of records) {
      const own = contentBytesBound(record)
      const [before] = row
      const isFull = row.length >= ROW_RECORDS_MAX || bytes + own > ROW_BYTES_MAX
      if (before && (isFull || before.timestamp !== record.timestamp)) {
        this.#insert(place, row)
        row = []
        bytes = 0
      }
      row.push(record)
      bytes += own
    }
    this.#insert(place, row)
  }

  /** A partition without records goes on at that offset: one stands before it that nobody will ask for. */
  beginAt({ topic, partition }: Place, offset: bigint, timestamp: number): void {
    if (offset === 0n) return
    const nothing = { topic, partition, offset: offset - 1n, timestamp, key: null, value: null, headers: [] }
    this.#insert({ topic, partition }, [nothing])
  }

  /** Writes what is open, synced. */
  close(): void {
    try {
      this.#commit()
    } finally {
      this.#file.close()
    }
  }

  #insert(place: Place, records: readonly LogRecord[]): void {
    const [first] = records
    if (!first) return
    const topic = this.#topics.get(place.topic)
    if (!topic) throw refused(`there is no topic ${place.topic}`)
    this.#expectNext(place, records)
    const bytes = encodeBlob(records)
    const part = { topic: topic.id, part: place.partition, base: Number(first.offset), count: records.length }
    const unsigned = { ...part, timestamp: first.timestamp, bytes }
    if (!this.#isOpen) this.#file.begin()
    this.#isOpen = true
    this.#file.insertBatch({ ...unsigned, crc: checksum(unsigned) })
    this.#openBytes += bytes.length
    if (this.#openBytes >= COMMIT_BYTES) this.#commit()
  }

  /** In a log of one file no offset is left out. */
  #expectNext({ topic, partition }: Place, records: readonly LogRecord[]): void {
    const key = `${topic}/${partition}`
    let next = this.#next.get(key) ?? records[0]?.offset ?? 0n
    for (const { offset } of records) {
      if (offset !== next) throw refused(`offset ${offset} of ${key} follows ${next - 1n}: records are missing`)
      next++
    }
    this.#next.set(key, next)
  }

  #commit(): void {
    if (this.#isOpen) this.#file.commit()
    this.#isOpen = false
    this.#openBytes = 0
  }
}

function refused(why: string): OperationalError {
  return new OperationalError('not-a-whole-log', `the log cannot be copied: ${why}`, { where: WHERE, retriable: false })
}
