/** Logs made of given events, as an owner would have appended them: headers, numbers, offsets, void batches. */
import { fulfilOrder } from '../../services/orders/fulfil-order.ts'
import { type BatchHeader, batchRecord, LOG_FORMAT } from '../../shared/message/batch.ts'
import { eventRecord } from '../../shared/message/event-record.ts'
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import { sagaId } from '../../shared/message/ids.ts'
import type { LogRecord, NewRecord } from '../../shared/message/record.ts'
import { definitionHash } from '../../shared/runtime/definition-hash.ts'
import { chained } from '../../shared/runtime/event-chain.ts'

const SOURCE = 'urn:kasaga:test'
const bytes = (value: string | Uint8Array | null) =>
  typeof value === 'string' ? new TextEncoder().encode(value) : value

/** A record as it would be read back. */
export function stored(
  record: NewRecord,
  at: Pick<LogRecord, 'topic' | 'partition' | 'offset' | 'timestamp'>,
): LogRecord {
  const headers = record.headers.map(([name, value]) => [name, bytes(value) ?? new Uint8Array()] as const)
  return { ...at, key: bytes(record.key), value: bytes(record.value), headers }
}

/** The newest hash of each saga. */
export type Chains = Map<string, string>

/** The records of one batch; of a log from before events had hashes, unless the newest ones are given. */
export function batchOf(
  events: readonly EventEnvelope[],
  header: Pick<BatchHeader, 'number'> & Partial<BatchHeader>,
  chains?: Chains,
): NewRecord[] {
  const at = events.at(-1)?.at ?? 0
  const inputs = { applied: events.length, deadLettered: 0, ignored: {} }
  const rest = { owner: 'test', count: events.length, commands: 0n, replies: 0n, sentThrough: 0, inputs }
  const format = chains ? { format: LOG_FORMAT } : {}
  const records = events.map((event) => {
    const plain = eventRecord(event, SOURCE)
    return chains ? chainedTo(chains, event.sagaId, plain) : plain
  })
  return [batchRecord({ ...rest, ...format, ...header }, at, SOURCE), ...records]
}

function chainedTo(chains: Chains, id: string, plain: NewRecord): NewRecord {
  const { records, chain } = chained([plain], chains.get(id))
  if (chain !== undefined) chains.set(id, chain)
  return records[0] ?? plain
}

export interface FabricateOptions {
  readonly topic?: string
  readonly partition?: number
  /** Before these batches (by index) a void one is put: an old owner's, with a number that was used, or a torn one. */
  readonly voidBefore?: ReadonlySet<number>
  /** Its events carry hashes. */
  readonly chained?: boolean
}

/** The records of a partition: one batch for each list of events, numbered from 1. */
export function fabricateLog(
  turns: readonly (readonly EventEnvelope[])[],
  options: FabricateOptions = {},
): LogRecord[] {
  const { topic = 'kasaga.events', partition = 0, voidBefore = new Set() } = options
  const chains: Chains | undefined = options.chained ? new Map() : undefined
  const records: NewRecord[] = []
  for (const [index, turn] of turns.entries()) {
    if (voidBefore.has(index)) records.push(...voidBatch(turn, index))
    const consumed = BigInt(index + 1)
    const inputs = { applied: Math.min(3, turn.length), deadLettered: 0, ignored: {} }
    records.push(...batchOf(turn, { number: index + 1, commands: consumed, replies: consumed * 2n, inputs }, chains))
  }
  return records.map((record, offset) => {
    return stored(record, { topic, partition, offset: BigInt(offset), timestamp: 1_000 + offset })
  })
}

/** Odd ones repeat a number that was used; even ones have the right number and lack their last record. */
function voidBatch(turn: readonly EventEnvelope[], index: number): NewRecord[] {
  if (index % 2 === 1) return batchOf(turn, { number: index, owner: 'stale' })
  return batchOf(turn, { number: index + 1, owner: 'torn', count: turn.length + 1 })
}

/** Places events as one saga's: seq from 1, a millisecond apart unless told otherwise. */
export function sagaOf(id: string, events: readonly SagaEvent[], from = { at: 1_000, seq: 1 }): EventEnvelope[] {
  return events.map((event, index) => ({
    sagaId: sagaId(id),
    seq: from.seq + index,
    at: from.at + index,
    causationId: `cause-${index}`,
    event,
  }))
}

export type Ending = 'completed' | 'compensated' | 'stuck' | 'retried' | 'cancelled' | 'running'
export const ENDINGS: readonly Ending[] = ['completed', 'compensated', 'stuck', 'retried', 'cancelled', 'running']

const PARTICIPANTS: Readonly<Record<string, string>> = { stock: 'inventory', charge: 'payment', ship: 'shipping' }

type Requested = Extract<SagaEvent, { type: 'step-requested' }>

function requested(step: string, attempt = 1): Requested {
  const participant = PARTICIPANTS[step] ?? step
  const commandType = `${participant}.do-${step}.v1`
  const command = { participant, commandType, payload: { step }, timeoutAt: 99_000 }
  return { type: 'step-requested', step, attempt, definition: 'fulfil-order', version: 1, ...command }
}

function undo(step: string, attempt = 1): SagaEvent {
  const request = requested(step, attempt)
  return { ...request, type: 'compensation-requested', commandType: request.commandType.replace('do-', 'undo-') }
}

const OUTPUTS = { stock: { parcel: 'p-1' }, charge: { chargeId: 'c-1' }, ship: { tracking: 't-1' } } as const

function succeeded(step: keyof typeof OUTPUTS, attempt = 1): SagaEvent {
  return { type: 'step-succeeded', step, attempt, output: OUTPUTS[step] }
}

const undone = (step: string): SagaEvent => ({ type: 'compensation-succeeded', step, attempt: 1 })
const declined = { kind: 'rejected', code: 'card-declined', message: 'the card was declined' } as const
const broken = { kind: 'failed', code: 'carrier-down', message: 'no carrier answers' } as const

function opening(id: string): SagaEvent[] {
  const lines = [
    { sku: 'mug', quantity: 2, cents: 900 },
    { sku: 'tea', quantity: 1, cents: 700 },
  ]
  const input = { id, country: 'NO', card: 'card-1', cents: 2_500, lines }
  const plan = { definition: 'fulfil-order', version: 1, definitionHash: definitionHash(fulfilOrder) }
  const attributes = { customer: `c-${id}`, euros: 25.5, gift: false }
  const start = { ...plan, input, inputHash: `hash-${id}`, deadlineAt: null, attributes }
  return [{ type: 'saga-started', ...start }, requested('stock'), succeeded('stock'), requested('charge')]
}

/** The events of an order-fulfilment saga that ends as told. */
export function orderEvents(id: string, ending: Ending): SagaEvent[] {
  const start = opening(id)
  const shipping = [...start, succeeded('charge'), requested('ship')]
  const stuck: SagaEvent[] = [
    ...shipping,
    { type: 'step-failed', step: 'ship', attempt: 1, error: broken, retryAt: null },
    { type: 'saga-stuck', step: 'ship', error: broken },
  ]
  const done: SagaEvent[] = [succeeded('ship'), { type: 'saga-completed', output: { tracking: 't-1' } }]
  switch (ending) {
    case 'running':
      return start
    case 'completed':
      return [...shipping, ...done]
    case 'stuck':
      return stuck
    case 'retried':
      return [
        ...stuck,
        { type: 'retry-requested', requestId: 'r-1', actor: 'ann', reason: 'the carrier is back' },
        requested('ship', 2),
        { type: 'step-succeeded', step: 'ship', attempt: 2, output: OUTPUTS.ship },
        { type: 'saga-completed', output: { tracking: 't-1' } },
      ]
    case 'compensated':
      return [
        ...start,
        { type: 'step-rejected', step: 'charge', attempt: 1, error: declined },
        { type: 'compensation-started', cause: { kind: 'rejected', step: 'charge', error: declined } },
        undo('stock'),
        undone('stock'),
        { type: 'saga-compensated' },
      ]
    case 'cancelled':
      return [
        ...start,
        { type: 'compensation-started', cause: { kind: 'cancelled', requestId: 'r-2', actor: 'bo', reason: 'no' } },
        undo('charge'),
        { type: 'compensation-failed', step: 'charge', attempt: 1, error: broken, retryAt: 5_000 },
        undo('charge', 2),
        { type: 'compensation-succeeded', step: 'charge', attempt: 2 },
        undo('stock'),
        undone('stock'),
        { type: 'saga-compensated' },
      ]
  }
}

/** A whole order, placed. */
export function order(id: string, ending: Ending, at = 1_000): EventEnvelope[] {
  return sagaOf(id, orderEvents(id, ending), { at, seq: 1 })
}
