/** Runs a participant on a log in memory, sends it commands, and collects what it answers. */
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { commandRecord, decodeReply, type Reply, type StepCommand } from '../../shared/message/command-record.ts'
import { type Direction, sagaId } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'
import { partitionOf } from '../../shared/message/murmur2.ts'
import { headersOf, type LogRecord, type NewRecord } from '../../shared/message/record.ts'
import type { ParticipantService } from '../../shared/participant/participant-service.ts'
import type { Broker } from '../../shared/ports/broker.ts'

export const REPLIES = 'kasaga.replies'
export const DEAD_LETTERS = 'kasaga.dead-letters'
const WAIT_MS_MAX = 8_000

export interface Sent {
  readonly saga: string
  readonly type: string
  readonly payload: Json
  readonly step?: string
  readonly direction?: Direction
  readonly attempt?: number
  /** When it was decided. */
  readonly at?: number
  readonly deadlineAt?: number
}

export class ParticipantRig {
  readonly broker: Broker
  readonly topic: string
  readonly #running: ParticipantService[] = []

  private constructor(broker: Broker, topic: string) {
    this.broker = broker
    this.topic = topic
  }

  static async open(topic: string, partitions = 2, broker?: Broker): Promise<ParticipantRig> {
    const opened = broker ?? new MemoryLog({ clock: systemClock }).connect()
    const names = [topic, REPLIES, DEAD_LETTERS]
    await opened.createTopics(names.map((name) => ({ name, partitions, retention: 'forever' as const })))
    return new ParticipantRig(opened, topic)
  }

  async start(service: ParticipantService): Promise<ParticipantService> {
    await service.start()
    this.#running.push(service)
    return service
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((service) => service.stop()))
    await this.broker.close()
  }

  async send(...commands: readonly Sent[]): Promise<void> {
    await this.sendTo(this.topic, ...commands)
  }

  async sendTo(topic: string, ...commands: readonly Sent[]): Promise<void> {
    const records = commands.map((sent) => commandRecord(stepCommand(sent), '/test'))
    await this.sendRecords(records, topic)
  }

  /** Appends records of one partition together, so that they are delivered together. */
  async sendRecords(records: readonly NewRecord[], topic = this.topic): Promise<void> {
    const partitions = await this.broker.partitions(topic)
    const byPartition = Map.groupBy(records, (record) => partitionOf(record.key ?? '', partitions))
    const batches = [...byPartition].map(([partition, some]) => ({ topic, partition, records: some }))
    const results = await this.broker.append(batches)
    for (const result of results) if (result.kind !== 'appended') throw result.error
  }

  /** All records of a topic, when there are at least so many. */
  async records(topic: string, atLeast: number): Promise<readonly LogRecord[]> {
    const giveUpAt = Date.now() + WAIT_MS_MAX
    for (;;) {
      const found: LogRecord[] = []
      const partitions = await this.broker.partitions(topic)
      for (let partition = 0; partition < partitions; partition++)
        for await (const records of this.broker.read(topic, partition, 0n)) found.push(...records)
      if (found.length >= atLeast) return found
      if (Date.now() > giveUpAt) throw new Error(`${found.length} records on ${topic}, ${atLeast} were expected`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  async replies(atLeast: number): Promise<readonly Reply[]> {
    return (await this.records(REPLIES, atLeast)).map(replyOf)
  }

  /** Reasons of the dead letters, in the order of their names. */
  async deadLetters(atLeast: number): Promise<readonly string[]> {
    const records = await this.records(DEAD_LETTERS, atLeast)
    return records.map((record) => headersOf(record).get('dlq-reason') ?? '?').sort()
  }
}

export function replyOf(record: LogRecord): Reply {
  const decoded = decodeReply(record)
  if (decoded.kind === 'refused') throw new Error(`${decoded.fault}: ${decoded.message}`)
  return decoded.value
}

export function stepCommand(sent: Sent): StepCommand {
  return {
    sagaId: sagaId(sent.saga),
    definition: 'test',
    version: 1,
    step: sent.step ?? 'step',
    direction: sent.direction ?? 'forward',
    attempt: sent.attempt ?? 1,
    commandType: sent.type,
    payload: sent.payload,
    at: sent.at ?? 1_700_000_000_000,
    deadlineAt: sent.deadlineAt ?? Date.now() + 60_000,
    replyTo: REPLIES,
  }
}
