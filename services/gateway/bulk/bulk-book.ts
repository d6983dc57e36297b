/**
 * What the topic of bulk acts says, folded: read from its start, and on from there whenever it is asked.
 *
 * State: of each bulk act what was said of it last, and where the parts of its lists stand, not what is in them. Of those that
 * have ended the newest `ENDED_KEPT_MAX` are kept here; the topic has them all.
 */
import { OperationalError } from '../../../shared/message/errors.ts'
import type { LogRecord } from '../../../shared/message/record.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import type { Log } from '../../../shared/ports/telemetry.ts'
import {
  type BulkAborted,
  type BulkAsked,
  type BulkEnded,
  type BulkProgress,
  type BulkRead,
  readBulk,
} from './bulk-record.ts'

export interface Bulk {
  readonly id: string
  readonly asked: BulkAsked
  readonly progress?: BulkProgress
  readonly aborted?: BulkAborted
  readonly ended?: BulkEnded
  /** Of each list, the offset of each part. */
  readonly lists: ReadonlyMap<string, ReadonlyMap<number, bigint>>
}

interface Entry {
  asked?: BulkAsked
  progress?: BulkProgress
  aborted?: BulkAborted
  ended?: BulkEnded
  readonly lists: Map<string, Map<number, bigint>>
}

export interface BookPorts {
  readonly broker: Pick<Broker, 'read'>
  readonly log: Log
  /** The topic of bulk acts. */
  readonly topic: string
}

export const ENDED_KEPT_MAX = 500

export class BulkBook {
  readonly #ports: BookPorts
  #entries = new Map<string, Entry>()
  #next = 0n
  #reading: Promise<void> = Promise.resolve()

  constructor(ports: BookPorts) {
    this.#ports = ports
  }

  /**
   * All there is, up to the end that the topic has now; those that were asked for first come first.
   * @throws OperationalError when the topic cannot be read, or is not there
   */
  async all(): Promise<readonly Bulk[]> {
    await this.#readOn()
    return [...this.#entries].flatMap(([id, entry]) => bulkOf(id, entry) ?? [])
  }

  async find(id: string): Promise<Bulk | undefined> {
    await this.#readOn()
    const entry = this.#entries.get(id)
    return entry && bulkOf(id, entry)
  }

  /** One after the other: each read goes on where the one before it ended. */
  async #readOn(): Promise<void> {
    const mine = this.#reading.then(() => this.#read())
    this.#reading = mine.catch(() => {})
    return mine
  }

  async #read(): Promise<void> {
    const { broker, topic } = this.#ports
    try {
      for await (const records of broker.read(topic, 0, this.#next)) for (const record of records) this.#take(record)
    } catch (error) {
      if (!(error instanceof OperationalError) || error.code !== 'offset-out-of-range' || this.#next === 0n) throw error
      // Another topic stands there now.
      this.#next = 0n
      this.#entries = new Map()
      return this.#read()
    }
    this.#forgetOldest()
  }

  #take(record: LogRecord): void {
    this.#next = record.offset + 1n
    const read = readBulk(record)
    if (read) this.#fold(read, record.offset)
    else {
      const { log, topic } = this.#ports
      log.error('a record of a bulk act cannot be used', { topic, offset: String(record.offset) })
    }
  }

  #fold(read: BulkRead, offset: bigint): void {
    const entry: Entry = this.#entries.get(read.id) ?? { lists: new Map() }
    this.#entries.set(read.id, entry)
    if (read.kind === 'part') {
      const parts = entry.lists.get(read.list) ?? new Map<number, bigint>()
      entry.lists.set(read.list, parts)
      if (read.isGone) parts.delete(read.part)
      else parts.set(read.part, offset)
      if (parts.size === 0) entry.lists.delete(read.list)
      return
    }
    const { kind, ...said } = read.fact
    // Who asked first, or ended it first, has.
    Object.assign(entry, { [kind]: kind === 'progress' ? said : (entry[kind] ?? said) })
  }

  #forgetOldest(): void {
    const ended = [...this.#entries].filter(([, { ended, lists }]) => ended && lists.size === 0)
    for (const [id] of ended.slice(0, Math.max(0, ended.length - ENDED_KEPT_MAX))) this.#entries.delete(id)
  }
}

function bulkOf(id: string, { asked, ...rest }: Entry): Bulk | undefined {
  return asked && { id, asked, ...rest }
}
