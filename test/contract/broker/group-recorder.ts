/**
 * A group listener that keeps what it was told, and checks while it listens: nothing comes from a partition that was
 * not opened, and every delivery follows on the one before, or on the offset opened. What breaks this is in `faults`.
 */
import { expect } from 'vitest'
import type { OperationalError } from '../../../shared/message/errors.ts'
import type { LogRecord } from '../../../shared/message/record.ts'
import type { Broker, GroupListener, GroupMember } from '../../../shared/ports/broker.ts'
import { ARRIVES, values } from './support.ts'

export interface RecorderOptions {
  readonly group: string
  readonly topics: readonly string[]
  /** Opens every partition of every topic at this offset when it is assigned. */
  readonly openAt?: bigint
  /** How long `revoked` takes. */
  readonly revokeMs?: number
}

export class GroupRecorder implements GroupListener {
  readonly held = new Set<number>()
  readonly journal: string[] = []
  readonly troubles: OperationalError[] = []
  readonly faults: string[] = []
  readonly got = new Map<string, LogRecord[]>()
  onRecords: ((topic: string, partition: number) => void) | undefined
  readonly options: RecorderOptions
  #member: GroupMember | undefined
  #next = new Map<string, bigint>()

  constructor(options: RecorderOptions) {
    this.options = options
  }

  static async join(broker: Broker, options: RecorderOptions): Promise<GroupRecorder> {
    const recorder = new GroupRecorder(options)
    recorder.#member = await broker.join({ group: options.group, topics: options.topics }, recorder)
    for (const partition of recorder.held) recorder.#openAll(partition)
    return recorder
  }

  get member(): GroupMember {
    if (!this.#member) throw new Error('not joined')
    return this.#member
  }

  /** Opens a partition and expects delivery to go on from just there. */
  open(topic: string, partition: number, from: bigint): void {
    this.#next.set(`${topic}/${partition}`, from)
    this.got.set(`${topic}/${partition}`, [])
    this.member.open(topic, partition, from)
  }

  /** What came from a partition since it was opened last. */
  from(topic: string, partition = 0): (string | undefined)[] {
    return values(this.got.get(`${topic}/${partition}`) ?? [])
  }

  async holds(count: number): Promise<void> {
    await expect.poll(() => this.held.size, ARRIVES).toBe(count)
  }

  async receives(topic: string, partition: number, expected: readonly string[]): Promise<void> {
    await expect.poll(() => this.from(topic, partition), ARRIVES).toEqual(expected)
    expect(this.faults).toEqual([])
  }

  assigned(partition: number): void {
    if (this.held.has(partition)) this.faults.push(`partition ${partition} was assigned twice`)
    this.held.add(partition)
    this.journal.push(`assigned ${partition}`)
    if (this.#member) this.#openAll(partition)
  }

  async revoked(partition: number): Promise<void> {
    this.journal.push(`revoking ${partition}`)
    await new Promise((resolve) => setTimeout(resolve, this.options.revokeMs ?? 0))
    this.journal.push(`revoked ${partition}`)
    this.held.delete(partition)
    for (const topic of this.options.topics) this.#next.delete(`${topic}/${partition}`)
  }

  records(topic: string, partition: number, records: readonly LogRecord[]): void {
    const at = `${topic}/${partition}`
    for (const record of records) {
      const next = this.#next.get(at)
      if (record.offset !== next) this.faults.push(`${at}: got ${record.offset}, expected ${next ?? 'nothing'}`)
      if (record.topic !== topic || record.partition !== partition) this.faults.push(`${at}: a record of another place`)
      this.#next.set(at, record.offset + 1n)
      this.got.get(at)?.push(record)
    }
    this.onRecords?.(topic, partition)
  }

  trouble(error: OperationalError): void {
    this.troubles.push(error)
  }

  #openAll(partition: number): void {
    const { openAt, topics } = this.options
    if (openAt !== undefined) for (const topic of topics) this.open(topic, partition, openAt)
  }
}
