/**
 * One turn of an owner's loop: takes inputs and due timers, decides each, folds what was decided, and gathers one
 * batch. Nothing here waits or sends: the owner appends the batch, and sends the effects when it has landed.
 */

import type { Call } from '../flow/call.ts'
import type { BatchHeader } from '../message/batch.ts'
import { type ClaimRule, jsonLimitsFor } from '../message/claim.ts'
import { messageOf } from '../message/errors.ts'
import { eventRecord } from '../message/event-record.ts'
import type { EventEnvelope } from '../message/events.ts'
import type { SagaId } from '../message/ids.ts'
import type { JsonLimits } from '../message/json.ts'
import type { LogRecord, NewRecord } from '../message/record.ts'
import { isPutBack } from '../message/redrive.ts'
import type { Random } from '../ports/clock.ts'
import { decide, type Known } from '../saga/decide.ts'
import type { Definitions } from '../saga/definition.ts'
import { effectsOf } from '../saga/effects.ts'
import { evolve } from '../saga/evolve.ts'
import type { Decision, SagaInput } from '../saga/input.ts'
import type { SagaState } from '../saga/state.ts'
import { BatchRoom } from './batch-room.ts'
import type { AnyEffect } from './effect-record.ts'
import { chained } from './event-chain.ts'
import type { TurnFlow } from './flow-control.ts'
import { causationOf, commandInput, type LockInput, replyInput } from './input-decoder.ts'
import { type InputQueue, valueBytes, type Waiting } from './input-queue.ts'
import type { OrchestratorLimits } from './limits.ts'
import { lockChange } from './lock-turn.ts'
import type { ConsumedMarks, PartitionState } from './partition-state.ts'
import { plansFor } from './plans-for.ts'

export interface DeadRecord {
  readonly record: LogRecord
  readonly reason: string
  readonly message: string
}

/** What a turn came to. */
export interface Turn {
  readonly events: readonly NewRecord[]
  readonly effects: readonly AnyEffect[]
  readonly dead: readonly DeadRecord[]
  readonly marks: ConsumedMarks
  readonly inputs: BatchHeader['inputs']
  /** Sagas that were due and from which nothing follows: they wait for an input, without a timer. */
  readonly stalled: readonly StalledSaga[]
  /** Sagas and locks for which nothing is decided any more, with why. */
  readonly quarantined: ReadonlyMap<string, string>
  /** Those that were, and are decided for again because a person asked. */
  readonly triedAgain: readonly string[]
  readonly killed: readonly KilledSaga[]
  readonly missed: readonly MissedAttribute[]
  /** Held steps that were sent, by participant. */
  readonly admitted: ReadonlyMap<string, number>
}

/** An attribute that a saga goes without, because its mapping failed. */
export interface MissedAttribute {
  readonly definition: string
  readonly attribute: string
}

/** Ended by a person as it was. */
export interface KilledSaga {
  readonly saga: SagaId
  readonly actor: string
  readonly reason: string
}

export interface StalledSaga {
  readonly saga: SagaId
  readonly why: string
}

export interface TurnContext {
  readonly state: PartitionState
  readonly definitions: Definitions
  readonly limits: OrchestratorLimits
  readonly random: Random
  readonly source: string
  readonly now: number
  readonly marks: ConsumedMarks
  /** What may be sent to participants; absent: all. */
  readonly flow?: TurnFlow | undefined
  /** Where large values are kept aside: they count as their claims. */
  readonly claims?: ClaimRule | undefined
}

/** Held steps of one saga that are admitted by one decision. */
const ADMIT_STEPS_MAX = 20

/** Takes what is waiting, up to the limits. What it took is removed from the queue. */
export function takeTurn(queue: InputQueue, context: TurnContext): Turn {
  const turn = new OpenTurn(context)
  turn.takeAdmits()
  turn.takeTimers(queue.length > 0 ? context.limits.turnTimersMax : context.limits.turnInputsMax)
  for (let waiting = queue.peek(); waiting && turn.hasRoom(); waiting = queue.peek()) {
    if (!turn.takeRecord(waiting)) break
    queue.shift()
  }
  // What came just now may find room at once.
  context.flow?.pump()
  turn.takeAdmits()
  return turn.close()
}

type Decided = Pick<Extract<Decision, { kind: 'events' }>, 'events' | 'missed'>
/** What was decided for a saga, and by what. */
interface Change extends Decided {
  readonly id: SagaId
  readonly causationId: string
}
type Verdict = Decision | { readonly kind: 'broken'; readonly why: string }

class OpenTurn {
  readonly #context: TurnContext
  readonly #effects: AnyEffect[] = []
  readonly #dead: DeadRecord[] = []
  readonly #stalled: StalledSaga[] = []
  readonly #quarantined: [id: string, why: string][] = []
  readonly #triedAgain: string[] = []
  readonly #killed: KilledSaga[] = []
  readonly #missed: MissedAttribute[] = []
  readonly #ignored: Record<string, number> = {}
  readonly #admitted = new Map<string, number>()
  #admits = 0
  #applied = 0
  #taken = 0
  #takenBytes = 0
  readonly #batch: BatchRoom
  readonly #json: JsonLimits
  #marks: ConsumedMarks

  constructor(context: TurnContext) {
    this.#context = context
    this.#batch = new BatchRoom(context)
    this.#json = jsonLimitsFor(context.claims)
    this.#marks = context.marks
  }

  hasRoom(): boolean {
    const { turnInputsMax, turnInputBytesMax } = this.#context.limits
    return this.#taken < turnInputsMax && this.#takenBytes < turnInputBytesMax
  }

  /** Timers have no record: what they lead to is applied, and where that is nothing the saga stalls. */
  takeTimers(max: number): void {
    const { state, now } = this.#context
    for (let i = 0; i < max; i++) {
      const id = state.due.takeDue(now)
      if (id === undefined) return
      const known = state.live(id)
      if (!known) continue
      const decision = this.#decide(known, { kind: 'timer', sagaId: id })
      if (decision.kind === 'broken') this.#stop(id, decision.why)
      else if (decision.kind !== 'events' || decision.events.length === 0) this.#stall(known)
      else if (!this.#apply(known, { ...decision, id, causationId: `timer/${now}` })) {
        state.keep(known, state.chains.get(id))
        if (this.#batch.isEmpty) this.#stop(id, 'a timer leads to more than fits into a batch')
        return
      }
    }
  }

  /** Asks held steps for which there is room. What a batch has no room for stays granted, and is asked for again. */
  takeAdmits(): void {
    const { flow, limits } = this.#context
    const calls = flow?.granted(limits.turnAdmitsMax - this.#admits) ?? []
    for (const [id, own] of Map.groupBy(calls, ({ saga }) => saga)) {
      for (let from = 0; from < own.length; from += ADMIT_STEPS_MAX)
        if (!this.#admit(id, own.slice(from, from + ADMIT_STEPS_MAX))) return
    }
  }

  /** `false`: it does not fit into this batch any more. */
  #admit(id: SagaId, calls: readonly Call[]): boolean {
    const { state, now } = this.#context
    const known = state.live(id)
    const steps = calls.map(({ step, direction }) => ({ step, direction }))
    const decision = known && this.#decide(known, { kind: 'admit', sagaId: id, steps })
    this.#admits += calls.length
    if (decision?.kind === 'broken') this.#stop(id, decision.why)
    else if (decision?.kind !== 'events' || decision.events.length === 0)
      // Its definition is not here, or it waits for no participant any more.
      for (const call of calls) state.book.putAside(call)
    else if (!this.#apply(known, { ...decision, id, causationId: `admit/${now}` })) {
      if (!this.#batch.isEmpty) return false
      if (calls.length > 1) return this.#admit(id, calls.slice(0, 1))
      this.#stop(id, 'a held step leads to more than fits into a batch')
    } else this.#noteAdmitted(calls)
    return true
  }

  #noteAdmitted(calls: readonly Call[]): void {
    for (const { participant, place } of calls)
      if (place === 'sent') this.#admitted.set(participant, (this.#admitted.get(participant) ?? 0) + 1)
  }

  /** Left without a due time until an input changes it: kept in the past, that time would make the owner spin. */
  #stall({ id, definition, version }: SagaState): void {
    const why = `a timer is due, and ${definition} version ${version} has no step for it: it was changed under the same version`
    this.#stalled.push({ saga: id, why })
  }

  /** Takes one record; `false`: it does not fit into this batch any more and stays where it is. */
  takeRecord(waiting: Waiting): boolean {
    const { record, source } = waiting
    const decoded = source === 'commands' ? commandInput(record, this.#json) : replyInput(record, this.#json)
    if (decoded.kind === 'refused') this.#bury(record, decoded.fault, decoded.message)
    else if (!this.#takeInput(record, decoded.value)) return false
    this.#taken++
    this.#takenBytes += valueBytes(waiting)
    this.#marks = { ...this.#marks, [source]: record.offset + 1n }
    return true
  }

  close(): Turn {
    const inputs = { applied: this.#applied, deadLettered: this.#dead.length, ignored: this.#ignored }
    const taken = { events: this.#batch.records, effects: this.#effects, dead: this.#dead, stalled: this.#stalled }
    const [quarantined, triedAgain] = [new Map(this.#quarantined), this.#triedAgain]
    const told = { killed: this.#killed, missed: this.#missed, admitted: this.#admitted, quarantined, triedAgain }
    return { ...told, ...taken, marks: this.#marks, inputs }
  }

  #takeInput(record: LogRecord, input: SagaInput | LockInput): boolean {
    const { state } = this.#context
    const id = input.kind === 'lock' ? input.command.lockId : input.sagaId
    const why = state.quarantined.get(id)
    if (why !== undefined && !(asksAgain(record, input) && state.tryAgain(id))) {
      this.#bury(record, 'saga-quarantined', why)
      return true
    }
    if (why !== undefined) this.#triedAgain.push(id)
    return input.kind === 'lock' ? this.#takeLock(record, input) : this.#takeSaga(record, input)
  }

  #takeLock(record: LogRecord, { command }: LockInput): boolean {
    const { now, source, state } = this.#context
    const before = state.locks.known(command.lockId)
    const chain = state.chains.get(command.lockId)
    const change = lockChange(before, command, { at: now, causationId: causationOf(record), source, chain })
    if (change.kind === 'changed') {
      if (!this.#batch.add(change.records)) return this.#leftOver(record)
      state.keepLock(change.after, change.chain)
      this.#effects.push(...change.effects)
      this.#applied++
    } else if (change.kind === 'ignored') this.#ignore(change.reason)
    else {
      if (change.kind === 'broken') this.#stop(command.lockId, change.message)
      this.#bury(record, change.reason, change.message)
    }
    return true
  }

  #takeSaga(record: LogRecord, input: SagaInput): boolean {
    const { state } = this.#context
    const known = state.known(input.sagaId)
    if (!known && input.kind === 'undo' && state.hasForgotten) {
      // It may have started, and ended long ago: to say that it never did would be a guess.
      this.#bury(record, 'unknown-saga', `no saga ${input.sagaId} is remembered here`)
      return true
    }
    const decision = this.#decide(known, input)
    switch (decision.kind) {
      case 'ignored':
        this.#ignore(decision.reason)
        return true
      case 'refused':
        this.#bury(record, decision.reason, decision.message)
        return true
      case 'broken':
        // Of one that is not known there is nothing to keep as it is: whatever comes next is looked at by itself.
        if (known) this.#stop(input.sagaId, decision.why)
        this.#bury(record, 'saga-quarantined', decision.why)
        return true
      case 'events':
        return this.#takeEvents(record, input, { ...decision, known })
    }
  }

  #takeEvents(record: LogRecord, input: SagaInput, { known, ...decided }: Decided & { known: Known }): boolean {
    const live = known && known.status !== 'ended' ? known : undefined
    const change = { ...decided, id: input.sagaId, causationId: causationOf(record) }
    if (!this.#apply(live, change)) return this.#leftOver(record)
    this.#applied++
    return true
  }

  /** What does not fit into this batch is for the next; what fits into none is buried. */
  #leftOver(record: LogRecord): boolean {
    if (!this.#batch.isEmpty) return false
    this.#bury(record, 'too-large', this.#batch.tooLarge)
    return true
  }

  /** Folds the events and adds them to the batch, or answers `false` and changes nothing when they do not fit. */
  #apply(before: SagaState | undefined, change: Change): boolean {
    const { state, now, source } = this.#context
    const envelopes = envelopesOf(before, change, now)
    const plain = envelopes.map((envelope) => eventRecord(envelope, source))
    const { records, chain } = chained(plain, before && state.chains.get(before.id))
    if (!this.#batch.add(records)) return false
    const after = envelopes.reduce<SagaState | undefined>(evolve, before)
    if (after) state.keep(after, chain)
    for (const attribute of change.missed ?? []) this.#missed.push({ definition: after?.definition ?? '', attribute })
    for (const envelope of envelopes) {
      this.#note(envelope)
      if (after) state.note(envelope, after)
    }
    return true
  }

  /** A decision of it is broken, and would be again: the others go on. */
  #stop(id: string, why: string): void {
    this.#context.state.stop(id, { why, since: this.#context.now })
    this.#quarantined.push([id, why])
  }

  #ignore(reason: string): void {
    this.#ignored[reason] = (this.#ignored[reason] ?? 0) + 1
  }

  #note(envelope: EventEnvelope): void {
    const { event, sagaId: saga } = envelope
    this.#effects.push(...effectsOf(envelope))
    if (event.type === 'saga-killed') this.#killed.push({ saga, actor: event.actor, reason: event.reason })
  }

  #decide(known: Known, input: SagaInput): Verdict {
    const { now, random, flow } = this.#context
    const gated = flow?.gated
    try {
      return decide({
        ...plansFor(this.#context.definitions, known, input),
        limits: this.#json,
        known,
        input,
        moment: { now, chance: random.next(), ...(gated && { gated }) },
      })
    } catch (error) {
      return { kind: 'broken', why: messageOf(error) }
    }
  }

  #bury(record: LogRecord, reason: string, message: string): void {
    this.#dead.push({ record, reason, message })
  }
}

/** A person says that it is to be tried again, to end it, or has put a record back: what had been wrong may be mended. */
function asksAgain(record: LogRecord, { kind }: SagaInput | LockInput): boolean {
  return kind === 'retry' || kind === 'kill' || isPutBack(record)
}

function envelopesOf(before: SagaState | undefined, change: Change, at: number): EventEnvelope[] {
  const seq = before?.seq ?? 0
  const { id: sagaId, causationId } = change
  return change.events.map((event, i) => ({ sagaId, seq: seq + i + 1, at, causationId, event }))
}
