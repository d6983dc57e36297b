/** A log in memory that was appended by hand, with all that an owner leaves beside it, to be audited. */
import { type AuditOptions, audit } from '../../services/auditor/audit.ts'
import type { AuditReport } from '../../services/auditor/report.ts'
import { fulfilOrder } from '../../services/orders/fulfil-order.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { BatchHeader } from '../../shared/message/batch.ts'
import { commandRecord } from '../../shared/message/command-record.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import type { NewRecord } from '../../shared/message/record.ts'
import { kasagaTopics, participantTopic } from '../../shared/message/topics.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { effectsOf } from '../../shared/saga/effects.ts'
import { batchOf, type Chains, order } from './fabricate-log.ts'

export const TOPICS = kasagaTopics('kasaga')
export const PARTICIPANTS = ['inventory', 'payment', 'shipping']

export interface HandMade {
  /** The events of each batch. */
  readonly turns: readonly (readonly EventEnvelope[])[]
  /** Changes a batch's header, by the batch's index. */
  readonly headers?: Readonly<Record<number, Partial<BatchHeader>>>
  /** Changes a batch's records before they are appended. */
  readonly records?: (records: NewRecord[], index: number) => NewRecord[]
  /** Changes the commands that are sent. */
  readonly sends?: (sends: Send[]) => Send[]
  readonly deadLetters?: readonly NewRecord[]
  /** Snapshots, made of the log as it is. */
  readonly snapshots?: (broker: Broker) => Promise<readonly NewRecord[]>
  /** Its events carry hashes, made before `records` changes any. */
  readonly chained?: boolean
}

export interface Send {
  readonly participant: string
  readonly record: NewRecord
}

const EMPTY: NewRecord = { key: 'k', value: 'null', headers: [] }

/** Sagas of every ending, each event of a saga in a batch of its own, so that sagas stand side by side in the log. */
export function mixedTurns(): EventEnvelope[][] {
  const sagas = [
    order('a', 'completed'),
    order('b', 'compensated'),
    order('c', 'stuck'),
    cancelled('d'),
    order('e', 'retried'),
  ]
  const longest = Math.max(...sagas.map((saga) => saga.length))
  return Array.from({ length: longest }, (_, i) => sagas.flatMap((saga) => saga.slice(i, i + 1)))
}

/** A cancelled order, whose second try to undo waits for its time. */
export function cancelled(id: string): EventEnvelope[] {
  const events = order(id, 'cancelled')
  const failed = events.findIndex(({ event }) => event.type === 'compensation-failed')
  return events.map((envelope, i) => (i > failed ? { ...envelope, at: envelope.at + 10_000 } : envelope))
}

/** Audits a log that was made by hand: each batch consumes one command and as many replies as it has further events. */
export async function auditHandMade(made: HandMade, options: Partial<AuditOptions> = {}): Promise<AuditReport> {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  const names = [...Object.values(TOPICS), ...PARTICIPANTS.map(participantTopic)]
  await broker.createTopics(names.map((name) => ({ name, partitions: 1, retention: 'forever' as const })))
  const append = async (topic: string, records: readonly NewRecord[]) => {
    if (records.length > 0) await broker.append([{ topic, partition: 0, records }])
  }
  const chains: Chains | undefined = made.chained ? new Map() : undefined
  let [commands, replies] = [0n, 0n]
  for (const [index, turn] of made.turns.entries()) {
    commands += 1n
    replies += BigInt(Math.max(0, turn.length - 1))
    const inputs = { applied: Math.max(1, turn.length), deadLettered: 0, ignored: {} }
    const header = { number: index + 1, commands, replies, sentThrough: index, inputs, ...made.headers?.[index] }
    const records = batchOf(turn, header, chains)
    await append(TOPICS.events, made.records?.(records, index) ?? records)
  }
  await append(
    TOPICS.commands,
    Array.from({ length: Number(commands) }, () => EMPTY),
  )
  await append(
    TOPICS.replies,
    Array.from({ length: Number(replies) }, () => EMPTY),
  )
  const sends = made.turns.flat().flatMap(sendsOf)
  for (const { participant, record } of made.sends?.(sends) ?? sends)
    await append(participantTopic(participant), [record])
  await append(TOPICS.deadLetters, made.deadLetters ?? [])
  await append(TOPICS.snapshots, (await made.snapshots?.(broker)) ?? [])
  try {
    return await audit({ broker, topics: TOPICS, log: noLog, definitions: new Definitions([fulfilOrder]), ...options })
  } finally {
    await broker.close()
  }
}

function sendsOf(envelope: EventEnvelope): Send[] {
  return effectsOf(envelope).flatMap((effect) => {
    if (effect.kind !== 'send') return []
    const { participant, command } = effect
    return [{ participant, record: commandRecord({ ...command, replyTo: TOPICS.replies }, '/test') }]
  })
}

/** `S1`, `S8`, ...: the invariants that were broken, each once, in the order of their names. */
export function broken(report: AuditReport): string[] {
  return Object.keys(report.violationsByInvariant).sort()
}
