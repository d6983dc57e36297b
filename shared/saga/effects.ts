/** `effects(events)`: what is to be sent, from the events alone. So it can be sent again, byte for byte (S9, S10). */
import type { StepCommand } from '../message/command-record.ts'
import type { EventEnvelope, GivenStep, OriginLink, ParentLink, SagaEvent } from '../message/events.ts'
import { CLIENT_COMMAND } from '../message/headers.ts'
import { commandId, type LockId, lockId, type SagaId } from '../message/ids.ts'
import type { Json } from '../message/json.ts'
import type { LockAsk, WithdrawnAsk } from '../message/lock-ask.ts'
import type { Asker } from '../message/lock-events.ts'
import type { Priority } from '../message/priority.ts'

export interface SendEffect {
  readonly kind: 'send'
  readonly participant: string
  /** The command, but for where its reply goes. */
  readonly command: Omit<StepCommand, 'replyTo'>
}

interface Told {
  /** Of the record: the same when it is sent again. */
  readonly requestId: string
  /** When it was decided, milliseconds since the epoch. */
  readonly at: number
}

export interface StartChild extends Told {
  readonly kind: 'start-child'
  readonly child: SagaId
  readonly definition: string
  readonly version: number
  readonly input: Json
  /** The parent's, where it is not that of all. */
  readonly priority?: Priority
  readonly parent: ParentLink
}

/** A fork of this saga begins. */
export interface StartFork extends Told {
  readonly kind: 'start-fork'
  readonly fork: SagaId
  readonly definition: string
  readonly version: number
  readonly input: Json
  readonly origin: OriginLink
  readonly given: readonly GivenStep[]
  readonly priority?: Priority
}

export interface UndoChild extends Told {
  readonly kind: 'undo-child'
  readonly child: SagaId
  readonly parent: Pick<ParentLink, 'sagaId' | 'step' | 'attempt'>
}

export interface CancelChild extends Told {
  readonly kind: 'cancel-child'
  readonly child: SagaId
  readonly parent: SagaId
}

/** A child saga's reply to its parent. */
export interface AnswerParent extends Told {
  readonly kind: 'answer-parent'
  readonly child: SagaId
  readonly parent: SagaId
  readonly step: string
  readonly direction: 'forward' | 'compensate'
  readonly attempt: number
  readonly outcome: 'success' | 'rejected' | 'fatal'
  readonly body: Json
}

interface ToLock extends Told {
  readonly lock: LockId
}

/** A step asks for a lock. */
export interface AskLock extends ToLock {
  readonly kind: 'ask-lock'
  readonly asker: Asker
  readonly permits: number
}

/** What a step has asked is over. */
export interface FreeLock extends ToLock {
  readonly kind: 'free-lock'
  readonly asker: Asker
}

/** The saga has ended: all that it has asked is over. */
export interface LeaveLock extends ToLock {
  readonly kind: 'leave-lock'
  readonly saga: SagaId
}

export type TellLock = AskLock | FreeLock | LeaveLock
export type Effect = SendEffect | StartChild | StartFork | UndoChild | CancelChild | AnswerParent | TellLock

/** The effects of an event: a requested step or compensation is sent, a parent is answered, a fork begins, locks are freed; nothing else is. */
export function effectsOf(envelope: EventEnvelope): readonly Effect[] {
  const { event } = envelope
  switch (event.type) {
    case 'step-requested':
    case 'compensation-requested':
      return [requested(envelope, event)]
    case 'step-rejected':
      return event.withdraws === undefined ? [] : [withdraw(envelope, event.withdraws)]
    case 'parent-answered':
      return [answer(envelope, event)]
    case 'parent-refused':
      return [refusal(envelope, event)]
    case 'saga-completed':
    case 'saga-compensated':
    case 'saga-killed':
      return (event.frees ?? []).map((resource) => leave(envelope, resource))
    case 'saga-forked':
      return [startFork(envelope, event)]
    default:
      return []
  }
}

type Requested = Extract<SagaEvent, { type: 'step-requested' | 'compensation-requested' }>

function directionOf({ type }: Requested): 'forward' | 'compensate' {
  return type === 'step-requested' ? 'forward' : 'compensate'
}

function requested(envelope: EventEnvelope, event: Requested): Effect {
  if (event.lock !== undefined) return tellLock(envelope, event, event.lock)
  return event.child === undefined ? send(envelope, event) : toChild(envelope, event, event.child)
}

function tellLock(
  { sagaId: saga, at }: EventEnvelope,
  event: Requested,
  { resource, permits, ask }: LockAsk,
): TellLock {
  const { attempt } = event
  const step = sentAs(event)
  const requestId = commandId({ sagaId: saga, step, direction: directionOf(event) }, attempt)
  const told = { lock: lockId(resource), asker: { saga, step, attempt: ask }, requestId, at }
  return event.type === 'step-requested' ? { kind: 'ask-lock', ...told, permits } : { kind: 'free-lock', ...told }
}

function withdraw({ sagaId: saga, at }: EventEnvelope, { resource, step, ask: attempt }: WithdrawnAsk): TellLock {
  const requestId = `${commandId({ sagaId: saga, step, direction: 'forward' }, attempt)}/withdrawn`
  return { kind: 'free-lock', lock: lockId(resource), asker: { saga, step, attempt }, requestId, at }
}

function leave({ sagaId: saga, at }: EventEnvelope, resource: string): TellLock {
  return { kind: 'leave-lock', lock: lockId(resource), saga, requestId: `${saga}/left`, at }
}

/** What participants know the step by: the name that it had when it was first sent, for ever. */
function sentAs({ sentAs, step }: Requested): string {
  return sentAs ?? step
}

function send({ sagaId, at }: EventEnvelope, event: Requested): SendEffect {
  const step = sentAs(event)
  const { attempt, definition, version, commandType, payload, timeoutAt, participant } = event
  const direction = directionOf(event)
  const command = { sagaId, definition, version, step, direction, attempt, commandType, payload, at } as const
  return { kind: 'send', participant, command: { ...command, deadlineAt: timeoutAt } }
}

function toChild({ sagaId, at }: EventEnvelope, event: Requested, child: SagaId): Effect {
  const step = sentAs(event)
  const { attempt, commandType } = event
  const told = { child, requestId: commandId({ sagaId, step, direction: directionOf(event) }, attempt), at }
  if (event.type === 'step-requested') return startChild(told, { sagaId, event })
  if (commandType === CLIENT_COMMAND.cancel) return { kind: 'cancel-child', ...told, parent: sagaId }
  return { kind: 'undo-child', ...told, parent: { sagaId, step, attempt } }
}

function startChild(
  told: Told & { readonly child: SagaId },
  { sagaId, event }: { sagaId: SagaId; event: Requested },
): StartChild {
  const { attempt, payload } = event
  const { definition, version } = event.starts ?? event
  const rank = event.starts?.priority === undefined ? {} : { priority: event.starts.priority }
  const parent = { sagaId, step: sentAs(event), attempt, waits: event.letGo !== true }
  return { kind: 'start-child', ...told, definition, version, input: payload, ...rank, parent }
}

function answer({ sagaId, at }: EventEnvelope, event: Extract<SagaEvent, { type: 'parent-answered' }>): AnswerParent {
  const { parent, step, direction, attempt, outcome, body } = event
  const requestId = `${sagaId}/answer/${direction}/${attempt}`
  return { kind: 'answer-parent', child: sagaId, parent, step, direction, attempt, outcome, body, requestId, at }
}

function refusal(
  { sagaId, seq, at }: EventEnvelope,
  event: Extract<SagaEvent, { type: 'parent-refused' }>,
): AnswerParent {
  const { parent, step, direction, attempt, outcome, body } = event
  const requestId = `${sagaId}/refusal/${seq}`
  return { kind: 'answer-parent', child: sagaId, parent, step, direction, attempt, outcome, body, requestId, at }
}

function startFork({ sagaId, seq, at }: EventEnvelope, event: Extract<SagaEvent, { type: 'saga-forked' }>): StartFork {
  const { fork, definition, version, input, given, from: step, priority } = event
  const origin = { sagaId, step, seq }
  const begun = { definition, version, input, given, ...(priority !== undefined && { priority }) }
  return { kind: 'start-fork', fork, ...begun, origin, requestId: `${sagaId}/fork/${seq}`, at }
}
