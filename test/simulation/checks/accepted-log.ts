/**
 * Reads the log as it grows, by the rule of acceptance told anew: it shares no code with the readers of the system. Each
 * accepted batch goes to everyone who checks something on it; each void one too.
 */
import type { EventEnvelope, SagaEvent } from '../../../shared/message/events.ts'
import { H } from '../../../shared/message/headers.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import { type Landed, TOPICS } from '../world/network.ts'
import { headerIn } from '../world/probes.ts'

export interface Header {
  readonly number: number
  readonly owner: string
  readonly count: number
  readonly commands: number
  readonly replies: number
  readonly sentThrough: number
  readonly inputs: {
    readonly applied: number
    readonly deadLettered: number
    readonly ignored: Readonly<Record<string, number>>
  }
}

export interface ReadBatch {
  readonly partition: number
  readonly base: bigint
  readonly header: Header
  /** Of sagas; those of locks are left out. */
  readonly events: readonly EventEnvelope[]
  readonly landed: Landed
}

export interface LogListener {
  accepted(batch: ReadBatch): void
  void?(batch: ReadBatch): void
  /** Records of any other topic. */
  other?(landed: Landed): void
}

export class AcceptedLog {
  readonly #numbers = new Map<number, number>()
  readonly #listeners: readonly LogListener[]

  constructor(listeners: readonly LogListener[]) {
    this.#listeners = listeners
  }

  landed(landed: Landed): void {
    if (landed.topic !== TOPICS.events) {
      for (const listener of this.#listeners) listener.other?.(landed)
      return
    }
    const { partition, base, records } = landed
    const header = headerOf(records[0])
    if (!header) throw new Error('S11: an append to the log begins with no header')
    const last = this.#numbers.get(partition) ?? 0
    const isAccepted = header.number === last + 1 && header.count === records.length - 1
    const batch = { partition, base, header, landed, events: records.slice(1).flatMap(envelopeOf) }
    if (isAccepted) this.#numbers.set(partition, header.number)
    for (const listener of this.#listeners)
      if (isAccepted) listener.accepted(batch)
      else listener.void?.(batch)
  }
}

function headerOf(record: NewRecord | undefined): Header | undefined {
  if (!record || headerIn(record, H.type) !== 'kasaga.batch.v1') return undefined
  const header = JSON.parse(String(record.value)) as Header
  return { ...header, commands: Number(header.commands), replies: Number(header.replies) }
}

function envelopeOf(record: NewRecord): EventEnvelope[] {
  const type = /^kasaga\.(.+)\.v\d+$/.exec(headerIn(record, H.type) ?? '')?.[1]
  const sagaId = headerIn(record, H.sagaId)
  if (type === undefined || sagaId === undefined || sagaId.startsWith('lock:')) return []
  const event = { ...JSON.parse(String(record.value)), type } as SagaEvent
  const seq = Number(headerIn(record, H.sequence))
  const at = Date.parse(headerIn(record, H.time) ?? '')
  return [
    { sagaId: sagaId as EventEnvelope['sagaId'], seq, at, causationId: headerIn(record, H.causationId) ?? '', event },
  ]
}
