/** One partition's turns without a log, a broker or a participant: inputs go in, and answers to its commands come back. */
import { clientCommandRecord } from '../../../shared/message/client-command-record.ts'
import { replyRecord } from '../../../shared/message/command-record.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import type { Json } from '../../../shared/message/json.ts'
import type { LogRecord, NewRecord } from '../../../shared/message/record.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { effectRecord } from '../../../shared/runtime/effect-record.ts'
import { InputQueue } from '../../../shared/runtime/input-queue.ts'
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import { PartitionState } from '../../../shared/runtime/partition-state.ts'
import { type Turn, takeTurn } from '../../../shared/runtime/turn.ts'
import type { Definition, Definitions } from '../../../shared/saga/definition.ts'
import type { Answers } from './answers.ts'

export const SOURCE = '/bench'
const topics = kasagaTopics('kasaga')
const encoder = new TextEncoder()
const bytes = (value: string | Uint8Array | null) => (typeof value === 'string' ? encoder.encode(value) : value)

/** Where one begins, and who is told what it takes and makes. */
export interface OnePartitionOptions {
  readonly partition?: number
  /** Time of the first turn, milliseconds since the epoch; each turn is later by `TURN_MS`. */
  readonly now?: number
  readonly taken?: (source: Source, record: NewRecord) => void
  readonly turned?: (turn: Turn, at: number) => void
}

type Source = 'commands' | 'replies'

const TURN_MS = 5

export class OnePartition {
  readonly state: PartitionState
  readonly #definitions: Definitions
  readonly #options: OnePartitionOptions
  readonly #queue = new InputQueue()
  readonly #limits = ORCHESTRATOR_LIMITS
  readonly #ends = new Map<string, bigint>()
  #now: number
  #marks = { commands: 0n, replies: 0n }
  #replies = 0
  inputs = 0
  events = 0

  constructor(definitions: Definitions, options: OnePartitionOptions = {}) {
    this.#definitions = definitions
    this.#options = options
    this.#now = options.now ?? 1_700_000_000_000
    this.state = new PartitionState(definitions, this.#limits)
  }

  start({ name, version }: Definition, id: string, input: Json): void {
    const start = {
      kind: 'start',
      sagaId: sagaId(id),
      requestId: `start-${id}`,
      definition: name,
      version,
      input,
    } as const
    this.#push('commands', clientCommandRecord(start, { at: this.#now, source: SOURCE }))
  }

  /** Takes turns until nothing waits any more. */
  run(answers: Answers): void {
    while (this.#queue.length > 0) {
      this.#now += TURN_MS
      const context = { state: this.state, definitions: this.#definitions, limits: this.#limits, marks: this.#marks }
      const before = this.#queue.length
      const turn = takeTurn(this.#queue, { ...context, random: { next: () => 0.5 }, source: SOURCE, now: this.#now })
      this.inputs += before - this.#queue.length
      this.events += turn.events.length
      this.#marks = turn.marks
      if (turn.dead.length > 0) throw new Error(`${turn.dead[0]?.reason}: ${turn.dead[0]?.message}`)
      this.#options.turned?.(turn, this.#now)
      for (const effect of turn.effects) this.#reply(effectRecord(effect, { topics, source: SOURCE }).record, answers)
    }
  }

  #reply(command: NewRecord, answers: Answers): void {
    const read = this.#read(topics.commands, command)
    const type = command.headers.find(([name]) => name === 'ce_type')?.[1]
    const content = answers(String(type), read.value ?? new Uint8Array())
    if (content)
      this.#push(
        'replies',
        replyRecord(read, content, { id: `reply-${this.#replies++}`, at: this.#now, source: SOURCE }),
      )
  }

  #push(source: Source, record: NewRecord): void {
    this.#options.taken?.(source, record)
    const offset = this.#ends.get(source) ?? 0n
    this.#ends.set(source, offset + 1n)
    this.#queue.push({ source, record: this.#read(topics[source], record, offset) })
  }

  #read(topic: string, { key, value, headers }: NewRecord, offset = 0n): LogRecord {
    const read = headers.map(([name, text]) => [name, bytes(text) ?? new Uint8Array()] as const)
    const place = { topic, partition: this.#options.partition ?? 0, offset, timestamp: this.#now }
    return { ...place, key: bytes(key), value: bytes(value), headers: read }
  }
}
