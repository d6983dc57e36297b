/**
 * A log as an orchestrator would have left it, written by the core itself as fast as it decides: of sagas that nobody ran.
 * What it has consumed is written as well, so that an orchestrator can go on where it ends.
 */
import { partitionOf } from '../../../shared/message/murmur2.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import type { KasagaTopics } from '../../../shared/message/topics.ts'
import type { AppendBatch, Broker } from '../../../shared/ports/broker.ts'
import { type AnyEffect, effectRecord } from '../../../shared/runtime/effect-record.ts'
import { batchOf } from '../../../shared/runtime/own-log.ts'
import type { Turn } from '../../../shared/runtime/turn.ts'
import type { Definition, Definitions } from '../../../shared/saga/definition.ts'
import { benchAnswers } from './answers.ts'
import { OnePartition, SOURCE } from './one-partition.ts'
import { benchOrder } from './order.ts'
import { orderOf } from './order-data.ts'

export interface WrittenLogPorts {
  readonly broker: Broker
  readonly topics: KasagaTopics
  readonly definitions: Definitions
  readonly partitions: number
  /** Also what the sagas asked of participants, whose topics have one partition each. */
  readonly withCommands?: boolean
}

const OWNER = 'bench'
/** Sagas that are under way together, over all partitions. */
const CHUNK_SAGAS = 2_000
/** Inputs of one append. */
const INPUTS_MAX = 500
/** How long before now its sagas ran. */
const AGO_MS = 3_600_000

const EMPTY_TURN: Omit<Turn, 'marks'> = {
  ...{ events: [], effects: [], dead: [], stalled: [], killed: [], missed: [], triedAgain: [] },
  ...{ quarantined: new Map(), admitted: new Map() },
  inputs: { applied: 0, deadLettered: 0, ignored: {} },
}

export class WrittenLog {
  readonly #ports: WrittenLogPorts
  readonly #parts: readonly Part[]
  /** Of `benchOrder`, by number from 0. */
  orders = 0
  events = 0

  constructor(ports: WrittenLogPorts) {
    this.#ports = ports
    const now = Date.now() - AGO_MS
    this.#parts = Array.from({ length: ports.partitions }, (_, partition) => new Part(ports, partition, now))
  }

  /** Runs so many of the measured saga to their ends. */
  async endOrders(count: number): Promise<void> {
    for (const until = this.orders + count; this.orders < until; ) {
      const from = this.orders
      this.orders = Math.min(until, from + CHUNK_SAGAS)
      for (let nth = from; nth < this.orders; nth++) this.#part(`order-${nth}`).start(benchOrder, nth, `order-${nth}`)
      await this.#write()
    }
  }

  /** Runs so many of a definition, which takes an order, to where they wait. */
  async leaveWaiting(definition: Definition, count: number): Promise<void> {
    for (let from = 0; from < count; from += CHUNK_SAGAS) {
      for (let nth = from; nth < Math.min(count, from + CHUNK_SAGAS); nth++)
        this.#part(`waiting-${nth}`).start(definition, nth, `waiting-${nth}`)
      await this.#write()
    }
  }

  /** An empty batch that says that all effects are sent, as an owner leaves who is told to stop. */
  async close(): Promise<void> {
    for (const part of this.#parts) part.noteSent()
    await this.#write()
  }

  #part(id: string): Part {
    const part = this.#parts[partitionOf(id, this.#parts.length)]
    if (!part) throw new Error(`${id} has no partition`)
    return part
  }

  async #write(): Promise<void> {
    const batches = this.#parts.flatMap((part) => part.take())
    this.events = this.#parts.reduce((sum, part) => sum + part.events, 0)
    for (const result of await this.#ports.broker.append(batches)) if (result.kind !== 'appended') throw result.error
  }
}

class Part {
  readonly #ports: WrittenLogPorts
  readonly #partition: number
  readonly #core: OnePartition
  #number = 0
  #marks: Turn['marks'] = { commands: 0n, replies: 0n }
  #inputs: Record<'commands' | 'replies', NewRecord[]> = { commands: [], replies: [] }
  #batches: NewRecord[][] = []
  #sent = new Map<string, NewRecord[]>()

  constructor(ports: WrittenLogPorts, partition: number, now: number) {
    this.#ports = ports
    this.#partition = partition
    this.#core = new OnePartition(ports.definitions, {
      partition,
      now,
      taken: (source, record) => void this.#inputs[source].push(record),
      turned: (turn, at) => this.#append(turn, at),
    })
  }

  get events(): number {
    return this.#core.events
  }

  start(definition: Definition, nth: number, id: string): void {
    this.#core.start(definition, id, orderOf(nth, id))
  }

  noteSent(): void {
    this.#append({ ...EMPTY_TURN, marks: this.#marks }, Date.now())
  }

  /** Runs what was started; answers what is to be appended, the inputs first. */
  take(): AppendBatch[] {
    this.#core.run(benchAnswers)
    const { topics } = this.#ports
    const partition = this.#partition
    const inputs = (['commands', 'replies'] as const).flatMap((source) =>
      chunks(this.#inputs[source]).map((records) => ({ topic: topics[source], partition, records })),
    )
    const events = this.#batches.map((records) => ({ topic: topics.events, partition, records }))
    const sent = [...this.#sent].flatMap(([topic, all]) =>
      chunks(all).map((records) => ({ topic, partition: 0, records })),
    )
    this.#inputs = { commands: [], replies: [] }
    this.#batches = []
    this.#sent = new Map()
    return [...inputs, ...events, ...sent]
  }

  /** Effects of all batches before it have been sent. */
  #append(turn: Turn, at: number): void {
    const number = ++this.#number
    this.#marks = turn.marks
    const header = { number, owner: OWNER, sentThrough: number - 1 }
    this.#batches.push(batchOf(turn, header, { at, source: SOURCE }))
    if (this.#ports.withCommands) for (const effect of turn.effects) this.#send(effect)
  }

  #send(effect: AnyEffect): void {
    const { topic, record } = effectRecord(effect, { topics: this.#ports.topics, source: SOURCE })
    const sent = this.#sent.get(topic) ?? []
    sent.push(record)
    this.#sent.set(topic, sent)
  }
}

function chunks(records: readonly NewRecord[]): (readonly NewRecord[])[] {
  return Array.from({ length: Math.ceil(records.length / INPUTS_MAX) }, (_, i) =>
    records.slice(i * INPUTS_MAX, (i + 1) * INPUTS_MAX),
  )
}
