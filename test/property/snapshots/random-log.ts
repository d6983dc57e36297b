/** The batches of one partition: random sagas of any shape and locks, with what cannot be read among them, and void ones. */
import { batchRecord, LOG_FORMAT } from '../../../shared/message/batch.ts'
import { eventRecord } from '../../../shared/message/event-record.ts'
import type { EventEnvelope } from '../../../shared/message/events.ts'
import { H } from '../../../shared/message/headers.ts'
import { type LockId, lockId, sagaId } from '../../../shared/message/ids.ts'
import type { LockCommand } from '../../../shared/message/lock-command.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import { chained } from '../../../shared/runtime/event-chain.ts'
import { lockChange } from '../../../shared/runtime/lock-turn.ts'
import { PartitionLocks } from '../../../shared/runtime/partition-locks.ts'
import type { Definition } from '../../../shared/saga/definition.ts'
import { evolve } from '../../../shared/saga/evolve.ts'
import { mayBeAskedFor } from '../../../shared/saga/remembered.ts'
import { isLive, type SagaState } from '../../../shared/saga/state.ts'
import { playSaga } from '../play-saga.ts'
import { runOf } from '../seeded-runs.ts'

export interface RandomLog {
  /** Each as an owner would append it. */
  readonly batches: readonly (readonly NewRecord[])[]
  /** A definition that some of its sagas run. */
  readonly definition: Definition
}

const SOURCE = '/test'
const SAGAS_MAX = 8
const LOCK_ACTS_MAX = 30
/** What one owner says in `owner`; void batches say another. */
export const LOG_OWNER = 'owner'

/** Records of one decision. */
type Decision = readonly NewRecord[]

export function randomLog(numbers: () => number, freeLocksMax: number): RandomLog {
  const played = Array.from({ length: 1 + (numbers() % SAGAS_MAX) }, () =>
    playSaga(runOf(numbers() * 10_000 + numbers()), { checksEach: false }),
  )
  const sagas = played.flat().map((driver, i) => decisionsOf(remembered(driver.history), `s${i}`, numbers() % 80 === 0))
  const lines = [...sagas, lockDecisions(numbers, freeLocksMax)].filter((line) => line.length > 0)
  const [first] = played.flat()
  if (!first) throw new Error('one saga is played')
  return { batches: batched(merged(lines, numbers), numbers), definition: first.definition }
}

/** An owner decides nothing more for a saga that it remembers in brief. */
function remembered(history: readonly EventEnvelope[]): readonly EventEnvelope[] {
  let state: SagaState | undefined
  const end = history.findIndex((envelope) => {
    state = evolve(state, envelope)
    return !isLive(state) && !mayBeAskedFor(state)
  })
  return end < 0 ? history : history.slice(0, end + 1)
}

function decisionsOf(history: readonly EventEnvelope[], name: string, isBroken: boolean): Decision[] {
  const decisions: NewRecord[][] = []
  const broken = isBroken ? Math.floor(history.length / 2) : -1
  let cause: string | undefined
  const plain = history.map((envelope) =>
    eventRecord({ ...envelope, sagaId: sagaId(`${name}-${envelope.sagaId}`) }, SOURCE),
  )
  const { records } = chained(plain, undefined)
  for (const [i, envelope] of history.entries()) {
    const record = records[i]
    if (!record) continue
    if (envelope.causationId !== cause) decisions.push([])
    cause = envelope.causationId
    decisions.at(-1)?.push(i === broken ? unreadable(record) : record)
  }
  return decisions
}

function unreadable(record: NewRecord): NewRecord {
  return {
    ...record,
    headers: record.headers.map(([name, value]) => [name, name === H.type ? 'kasaga.news.v1' : value]),
  }
}

function lockDecisions(numbers: () => number, freeLocksMax: number): Decision[] {
  const chains = new Map<LockId, string>()
  const locks = new PartitionLocks(freeLocksMax, (id) => chains.delete(id))
  return Array.from({ length: numbers() % LOCK_ACTS_MAX }, (_, i) => {
    const id = lockId(`sku-${numbers() % 5}`)
    const saga = sagaId(`asker-${numbers() % 4}`)
    const asker = { saga, step: 'lock', attempt: 1 + (numbers() % 3) }
    const about = { lockId: id, requestId: `r-${i}`, askedAt: 1_000 + i }
    const act = numbers() % 5
    const command: LockCommand =
      act < 3
        ? { ...about, kind: 'ask', asker, permits: 1 }
        : act < 4
          ? { ...about, kind: 'free', asker }
          : { ...about, kind: 'leave', saga }
    const change = lockChange(locks.known(id), command, {
      at: 2_000 + i,
      causationId: `c-${i}`,
      source: SOURCE,
      chain: chains.get(id),
    })
    if (change.kind !== 'changed') return []
    if (change.chain !== undefined) chains.set(id, change.chain)
    locks.keep(change.after)
    return change.records
  }).filter((records) => records.length > 0)
}

/** Each line in its order, between the others'. */
function merged(lines: readonly (readonly Decision[])[], numbers: () => number): Decision[] {
  const left = lines.map((line) => [...line])
  const all: Decision[] = []
  for (;;) {
    const open = left.filter((line) => line.length > 0)
    const next = open[numbers() % Math.max(open.length, 1)]?.shift()
    if (!next) return all
    all.push(next)
  }
}

function batched(decisions: readonly Decision[], numbers: () => number): NewRecord[][] {
  const batches: NewRecord[][] = []
  let [number, sentThrough, commands] = [0, 0, 0]
  for (let from = 0; from < decisions.length; ) {
    if (numbers() % 12 === 0)
      batches.push(batchOf(decisions[from] ?? [], { number, owner: 'stale', sentThrough, commands }))
    const count = numbers() % 4
    number++
    commands += numbers() % 3
    if (numbers() % 3 === 0) sentThrough += numbers() % (number - sentThrough)
    const own = decisions.slice(from, from + count).flat()
    batches.push(batchOf(own, { number, owner: LOG_OWNER, sentThrough, commands }))
    from += count
  }
  return batches
}

function batchOf(
  events: readonly NewRecord[],
  { number, owner, sentThrough, commands }: { number: number; owner: string; sentThrough: number; commands: number },
): NewRecord[] {
  const inputs = { applied: 0, deadLettered: 0, ignored: {} }
  const marks = { commands: BigInt(commands), replies: BigInt(2 * commands) }
  return [
    batchRecord(
      { format: LOG_FORMAT, number, owner, count: events.length, sentThrough, inputs, ...marks },
      1_000,
      SOURCE,
    ),
    ...events,
  ]
}
